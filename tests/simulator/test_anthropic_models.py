"""Anthropic's models, with the official SDK and over plain HTTP (provider-facts 10; recordings: anthropic models)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import anthropic
import httpx
import pytest

from tests.simulator.account import Account

FORMER = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def sdk(tenant: Account) -> Iterator[anthropic.Anthropic]:
    key = tenant.keys["Anthropic"]
    with anthropic.Anthropic(api_key=key, base_url=tenant.url, max_retries=0) as client:
        yield client


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def test_a_current_model_tells_its_limits_and_its_life(sdk: anthropic.Anthropic) -> None:
    model = sdk.models.retrieve("claude-haiku-5-5")
    assert (model.id, model.display_name, model.line) == ("claude-haiku-5-5", "Claude Haiku 5.5", "haiku")
    assert (model.max_input_tokens, model.max_tokens) == (1_000_000, 128_000)
    assert (model.lifecycle, model.deprecated_at, model.retires_at) == ("active", None, None)
    assert model.created_at == datetime(2026, 10, 7, tzinfo=UTC)
    assert model.capabilities is not None
    assert model.capabilities.thinking.types.adaptive.supported
    assert not model.capabilities.thinking.types.enabled.supported
    assert model.capabilities.server_tools.supported


def test_an_alias_is_answered_with_the_full_id(sdk: anthropic.Anthropic) -> None:
    assert sdk.models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5-20251001"
    assert sdk.models.retrieve("claude-sonnet-4-0").id == "claude-sonnet-4-20250514"


def test_an_unknown_model_is_refused_by_its_name(sdk: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        sdk.models.retrieve("claude-nope")
    assert missing.value.api_message == "model: claude-nope"


def test_every_page_is_newest_first_and_no_retired_model_is_on_it(sdk: anthropic.Anthropic) -> None:
    models = list(sdk.models.list(limit=5))
    assert len(models) == len({model.id for model in models}) > 10
    assert [model.created_at for model in models] == sorted((model.created_at for model in models), reverse=True)
    assert {model.lifecycle for model in models} == {"active", "deprecated"}
    every = sdk.models.list(limit=5)
    assert [model.id for model in every.data] == [model.id for model in models[:5]]
    back = sdk.models.list(limit=2, before_id=models[4].id)
    assert [model.id for model in back.data] == [model.id for model in models[2:4]]


def test_retired_models_are_listed_when_they_are_asked_for(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    retired = {model.id for model in sdk.models.list(lifecycle=["retired"])}
    assert "claude-3-opus-20240229" in retired
    assert "claude-haiku-5-5" not in retired
    refused = wire.get("/v1/models", params={"lifecycle[]": "old"})
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "invalid_request_error"


def test_a_model_ages_with_the_tenants_clock(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(now="2026-11-29T23:59:59Z")
    with tenant.client("Anthropic") as wire:
        before = wire.get("/v1/models/claude-sonnet-4-5").json()
        assert (before["lifecycle"], before["retires_at"]) == ("deprecated", "2026-11-30T00:00:00Z")
        tenant.advance(1)
        assert wire.get("/v1/models/claude-sonnet-4-5").json()["lifecycle"] == "retired"
        listed = [model["id"] for model in wire.get("/v1/models", params={"limit": "1000"}).json()["data"]]
        assert "claude-sonnet-4-5-20250929" not in listed


def test_the_former_version_shows_what_was_recorded_then(open_tenant: Callable[..., Account]) -> None:
    with open_tenant(now="2026-08-02T10:00:00Z").client("Anthropic") as wire:
        body = wire.get("/v1/models", headers=FORMER).json()
    assert set(body) == {"data", "has_more", "first_id", "last_id"}
    opus = next(model for model in body["data"] if model["id"] == "claude-opus-4-1-20250805")
    assert set(opus) == {
        "type", "id", "display_name", "created_at", "max_input_tokens", "max_tokens", "capabilities",
    }  # fmt: skip
    assert set(opus["capabilities"]["thinking"]["types"]) == {"enabled", "adaptive"}
    assert not any(model["id"].startswith("claude-3") for model in body["data"])
