"""What the tests of the Assistants API share: a tenant from before it was switched off, the SDK, runs on their way."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai.types.beta import Assistant, Thread
from openai.types.beta.threads import Run

from tests.simulator.account import Account

BEFORE = "2026-08-20T10:00:00+00:00"
LIFETIME = 600
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather in a city",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    },
}


@dataclass
class Desk:
    """One account with the SDK, its resources for short."""

    tenant: Account
    sdk: openai.OpenAI

    @property
    def beta(self) -> Any:
        return self.sdk.beta

    @property
    def runs(self) -> Any:
        return self.sdk.beta.threads.runs

    def assistant(self, **wanted: Any) -> Assistant:
        made: Assistant = self.beta.assistants.create(**{"model": "gpt-4o", **wanted})
        return made

    def thread(self, *texts: str, **wanted: Any) -> Thread:
        messages = [{"role": "user", "content": text} for text in texts]
        made: Thread = self.beta.threads.create(messages=messages, **wanted)
        return made

    def run(self, text: str, *, on: dict[str, Any] | None = None, **wanted: Any) -> Run:
        """A run of an assistant that is made so, over one message."""
        made: Run = self.runs.create(
            thread_id=self.thread(text).id, assistant_id=self.assistant(**(on or {})).id, **wanted
        )
        return made

    def look(self, run: Run) -> Run:
        seen: Run = self.runs.retrieve(run.id, thread_id=run.thread_id)
        return seen

    def after(self, seconds: float, run: Run) -> Run:
        self.tenant.advance(seconds)
        return self.look(run)

    def done(self, run: Run) -> Run:
        """The run after a minute."""
        return self.after(60, run)

    def texts(self, thread_id: str) -> list[str]:
        """What was said, oldest first."""
        page = self.beta.threads.messages.list(thread_id, order="asc")
        return [part.text.value for message in page for part in message.content if part.type == "text"]

    def answer(self, run: Run) -> str:
        return self.texts(run.thread_id)[-1]

    def steps(self, run: Run, **query: Any) -> list[Any]:
        """Oldest first."""
        return list(self.runs.steps.list(run.id, thread_id=run.thread_id, order="asc", **query))

    def submit(self, run: Run, *outputs: str, **wanted: Any) -> Any:
        calls = self.look(run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
        given = [{"tool_call_id": call.id, "output": output} for call, output in zip(calls, outputs, strict=False)]
        return self.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=given, **wanted)

    def upload(self, name: str, text: str) -> str:
        return self.sdk.files.create(file=(name, text.encode()), purpose="assistants").id


def refused(call: Callable[[], Any], status: int, message: str, code: str | None = None) -> None:
    """It is refused with this status and these words."""
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    body: Any = caught.value.body
    assert (caught.value.status_code, body["message"], body["code"]) == (status, message, code)
    assert set(body) == {"message", "type", "param", "code"}
    assert body["type"] == "invalid_request_error"


@pytest.fixture
def desk(open_tenant: Callable[..., Account]) -> Iterator[Desk]:
    tenant = open_tenant(now=BEFORE)
    with (
        warnings.catch_warnings(),
        openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as sdk,
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        yield Desk(tenant, sdk)
