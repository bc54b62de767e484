"""One request of many as a question to a provider, and its reply as the record that provider batches give too."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from support.errors import (
    BadResponse,
    Expired,
    RateLimited,
    RequestTimeout,
    ServerError,
    TouchstoneError,
)
from support.gateway.batching.checks import invalid
from support.gateway.capabilities import ProviderGateway
from support.ledger.prices import price
from support.values import BatchItem, BatchRequest, ChatAnswer, Embeddings, ItemStatus, Usage

Reply = ChatAnswer | Embeddings
Ask = Callable[[BatchRequest], Awaitable[Reply]]
"""Asks one request; every failure that is the provider's or a limit's is a TouchstoneError."""

NOTHING = Decimal(0)


def asking(gateway: ProviderGateway) -> Ask:
    """Asks a provider: its embedder for a text, its chat for messages."""

    async def ask(request: BatchRequest) -> Reply:
        if request.text is not None:
            return await gateway.embeddings.embed((request.text,), model=request.model)
        if not request.messages:
            raise invalid("messages", f"request {request.id!r} has neither messages nor a text")
        return await gateway.chat.ask(
            request.messages, model=request.model, max_output_tokens=request.max_output_tokens, system=request.system
        )

    return ask


def answered(request: BatchRequest, reply: Reply, attempts: int) -> BatchItem:
    """The item of a request that was answered."""
    cost = cost_of(request, reply)
    if isinstance(reply, ChatAnswer):
        return BatchItem(
            id=request.id,
            status="succeeded",
            answer=reply,
            usage=reply.usage,
            cost_usd=cost,
            attempts=attempts,
            kind="caller",
        )
    return BatchItem(
        id=request.id,
        status="succeeded",
        vector=reply.vectors[0],
        usage=reply.usage,
        cost_usd=cost,
        attempts=attempts,
        kind="caller",
    )


def cost_of(request: BatchRequest, reply: Reply) -> Decimal | None:
    """At the price of a call that is not a provider's batch; None where it is not known."""
    usage: Usage | None = reply.usage
    return None if usage is None else price(reply.provider, request.model, usage)


def failed(request: BatchRequest, error: TouchstoneError, attempts: int) -> BatchItem:
    """The item of a request that was not answered: it costs nothing."""
    return BatchItem(
        id=request.id, status=status_of(error), error=error, cost_usd=NOTHING, attempts=attempts, kind="caller"
    )


def left(request: BatchRequest, status: ItemStatus, attempts: int) -> BatchItem:
    """The item of a request that has neither answer nor error."""
    return BatchItem(id=request.id, status=status, cost_usd=NOTHING, attempts=attempts, kind="caller")


def status_of(error: TouchstoneError) -> ItemStatus:
    """What an item is that ended with this error."""
    if isinstance(error, RequestTimeout):
        return "timeout"
    return "expired" if isinstance(error, Expired) else "failed"


def sent(error: TouchstoneError, repeats: int) -> int:
    """How many requests went out before this error; none where it is the gateway's own refusal."""
    if error.sent:
        return error.sent
    reached = error.status is not None or isinstance(error, RateLimited | ServerError | RequestTimeout | BadResponse)
    return repeats + reached
