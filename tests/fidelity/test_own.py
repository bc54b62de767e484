"""The simulator held against exchanges of our own, from documented facts: what runs where no recordings are at hand."""

from __future__ import annotations

import httpx
import pytest

from tests.fidelity.families import FAMILIES, Family
from tests.fidelity.own_exchanges import exchanges
from tests.fidelity.recordings import kept_in
from tests.fidelity.replaying import replay

PROVIDERS = ("OpenAI", "Anthropic", "Gemini")
WRITTEN = {(one.provider, one.family) for provider in PROVIDERS for one in exchanges(provider)}


@pytest.mark.parametrize(
    "family", [one for one in FAMILIES if (one.provider, one.name) in WRITTEN], ids=lambda family: family.title
)
def test_the_family_agrees(plane: httpx.Client, family: Family) -> None:
    ours = exchanges(family.provider)
    result = replay(plane, family, [one for one in ours if one.family == family.name], kept_in(ours))
    assert [str(difference) for difference in result.differences] == []
    assert result.accepted == result.requests > 0


def test_every_exchange_belongs_to_a_family_that_is_compared() -> None:
    assert {(family.provider, family.name) for family in FAMILIES} >= WRITTEN


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_has_files_a_chat_a_stream_and_a_refusal(provider: str) -> None:
    written = exchanges(provider)
    names = {one.family for one in written}
    assert any("upload" in name for name in names)
    assert {"files-get", "files-list", "files-delete"} <= names
    assert any(isinstance(one.body, str) and one.body.startswith(("data:", "event:")) for one in written)
    assert any(one.refused for one in written)
