"""Anthropic, simulated: API versions 2026-10-21 and 2023-06-01."""

from __future__ import annotations

from datetime import datetime

from support.simulator.anthropic import batch_routes, errors, files, headers, messages, models
from support.simulator.anthropic.state import AnthropicState
from support.simulator.wire import ProviderApi, TenantSeed


def _new_state(seed: TenantSeed) -> AnthropicState:
    del seed
    return AnthropicState()


def _inventory(state: AnthropicState, now: datetime) -> dict[str, list[str]]:
    return {
        "files": [file.id for file in state.files.newest_first(now)],
        "batches": [batch.id for batch in state.batches.newest_first()],
    }


API = ProviderApi(
    name="Anthropic",
    routes=[*files.ROUTES, *models.ROUTES, *messages.ROUTES, *batch_routes.ROUTES],
    new_state=_new_state,
    inventory=_inventory,
    key_of=headers.key_of,
    refuse_no_key=errors.refuse_no_key,
    refuse_bad_key=errors.refuse_bad_key,
    unknown_path=errors.unknown_path,
    bad_method=errors.bad_method,
    malformed_body=errors.malformed_body,
    too_large=errors.too_large,
    internal=errors.internal,
    failure=errors.failure,
    finish=headers.finish,
)
