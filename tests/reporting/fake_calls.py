"""Events as the gateway sends them, made up."""

import json
from decimal import Decimal

from support.errors import TouchstoneError
from support.gateway.events import Account, CallEvent
from support.gateway.exchanges import Body, Exchange
from support.values import Money, Provider, Usage

KEY = "sim-openai-7d1f0c2b9a"


def body(content: bytes | str | dict) -> Body:
    data = (
        json.dumps(content).encode()
        if isinstance(content, dict)
        else content.encode()
        if isinstance(content, str)
        else content
    )
    made = Body()
    made.add(data)
    return made


def exchange(
    method: str = "POST",
    path: str = "/v1/files",
    *,
    sent: bytes | str | dict = b"",
    got: bytes | str | dict = b"",
    status: int | None = 200,
    sent_type: str = "application/json",
    got_type: str = "application/json",
    attempt: int = 1,
    **headers: str,
) -> Exchange:
    return Exchange(
        method=method,
        path=path,
        request_headers={"user-agent": "OpenAI/Python 3.54.0", "content-type": sent_type},
        credentials=(),
        request=body(sent),
        attempt=attempt,
        started=0.0,
        status=status,
        response_headers={"content-type": got_type, "x-request-id": "req_1", **headers} if status else {},
        response=body(got),
        seconds=0.0123,
        failure=None if status else "ConnectError",
    )


def event(
    *exchanges: Exchange,
    operation: str = "files.upload",
    provider: Provider = Provider.OPENAI,
    model: str | None = None,
    cost: str | None = None,
    usage: Usage | None = None,
    money: Money = Money.SIMULATED,
    unpriced: bool = False,
    error: TouchstoneError | None = None,
) -> CallEvent:
    return CallEvent(
        account=Account(run_id="r1", scenario="s", area="files", row="FM-04", money=money),
        provider=provider,
        operation=operation,
        model=model,
        seconds=0.02,
        attempts=max(1, len(exchanges)),
        exchanges=exchanges,
        usage=usage,
        cost_usd=Decimal(cost) if cost else None,
        unpriced=unpriced,
        error=error,
    )


def upload() -> CallEvent:
    """A file stored, with a key where none should be."""
    form = (
        b'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
        b'--b0\r\nContent-Disposition: form-data; name="file"; filename="handbook.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nThe handbook of the team.\nChapter one.\r\n--b0--\r\n"
    )
    answer = {"id": "file-1", "object": "file", "bytes": 38, "filename": "handbook.txt", "note": f"made with {KEY}"}
    return event(exchange(sent=form, sent_type="multipart/form-data; boundary=b0", got=answer))


def chat(cost: str = "0.0012") -> CallEvent:
    """A billable call."""
    return event(
        exchange(path="/v1/chat/completions", sent={"model": "gpt-5-mini", "messages": []}, got={"choices": []}),
        operation="chat.create",
        model="gpt-5-mini",
        cost=cost,
        usage=Usage(uncached_input_tokens=180, cache_read_tokens=1024, output_tokens=16),
    )


def deletion() -> CallEvent:
    """What cleaning up sends."""
    return event(
        exchange("DELETE", "/v1/files/file-1", got={"id": "file-1", "deleted": True}), operation="files.delete"
    )
