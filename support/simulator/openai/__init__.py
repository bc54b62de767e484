"""OpenAI, simulated: files, models, chat completions, token counting. A new resource brings its state and its ROUTES."""

from __future__ import annotations

from support.simulator.openai import chat_routes, errors, files_routes, models_routes, tokens_routes
from support.simulator.openai.state import inventory, new_state
from support.simulator.wire import ProviderApi

API = ProviderApi(
    name="OpenAI",
    routes=(*files_routes.ROUTES, *models_routes.ROUTES, *chat_routes.ROUTES, *tokens_routes.ROUTES),
    new_state=new_state,
    inventory=inventory,
    key_of=errors.key_of,
    refuse_no_key=errors.refuse_no_key,
    refuse_bad_key=errors.refuse_bad_key,
    unknown_path=errors.unknown_path,
    bad_method=errors.bad_method,
    malformed_body=errors.malformed_body,
    too_large=errors.too_large,
    internal=errors.internal,
    failure=errors.failure,
    finish=errors.finish,
)
