"""What the tests of deviations of assistants share: one deviant tenant at the Assistants API and at its successor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import openai
import pytest

from tests.simulator.account import Account
from tests.simulator.openai_assistants import BEFORE, Desk
from tests.simulator.openai_responses import Responses


@dataclass
class Deviant:
    """A tenant and what it misbehaves in: `old` is the Assistants API, `new` the Responses API."""

    tenant: Account
    name: str
    old: Desk
    new: Responses

    def fired(self) -> int:
        return self.tenant.fired()

    def honest(self) -> None:
        """From now on it behaves."""
        self.tenant.deviate(None)

    def deviate(self) -> None:
        self.tenant.deviate(self.name)

    def conversation(self, *texts: str, **wanted: Any) -> str:
        items: Any = [{"role": "user", "content": text} for text in texts]
        return str(self.new.sdk.conversations.create(items=items, **wanted).id)

    def put(self, conversation_id: str, *texts: str) -> list[str]:
        """The ids of what was said."""
        items: Any = [{"type": "message", "role": "user", "content": text} for text in texts]
        return [str(item.id) for item in self.new.sdk.conversations.items.create(conversation_id, items=items).data]

    def add(self, thread_id: str, text: str) -> str:
        """The id of what was said."""
        return str(self.old.beta.threads.messages.create(thread_id, role="user", content=text).id)

    def listed(self, conversation_id: str, **query: Any) -> list[str]:
        """The ids of one page of a conversation."""
        page = self.new.http.get(f"/v1/conversations/{conversation_id}/items", params=query).raise_for_status().json()
        return [item["id"] for item in page["data"]]


Under = Callable[..., Deviant]


def gone(call: Callable[[], Any]) -> None:
    with pytest.raises(openai.NotFoundError):
        call()


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(openai.BadRequestError) as caught:
        call()
    return str(caught.value.message)


@pytest.fixture
def under(open_tenant: Callable[..., Account]) -> Iterator[Under]:
    """`under(deviation, **durations)`: a new tenant that has it."""
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)

        def make(name: str, **durations: float) -> Deviant:
            spelled = {key.replace("_", ".", 1): value for key, value in durations.items()}
            tenant = open_tenant(now=BEFORE, deviation=name, durations=spelled)
            key, url = tenant.keys["OpenAI"], f"{tenant.url}/v1"
            sdk = stack.enter_context(openai.OpenAI(api_key=key, base_url=url, max_retries=0))
            http = stack.enter_context(tenant.client("OpenAI"))
            return Deviant(tenant, name, Desk(tenant, sdk), Responses(tenant, http, sdk))

        yield make
