"""Gemini's API: files, caches, models, generateContent and counting, on v1 and v1beta."""

from __future__ import annotations

from support.simulator.gemini import cache_routes, chat, errors, file_routes, models, uploads
from support.simulator.gemini.state import GeminiState, inventory
from support.simulator.wire import Answer, Call, ProviderApi

VERSIONS = ("v1", "v1beta")


def _finish(call: Call, answer: Answer) -> None:
    uploads.finish(call, answer)
    chat.finish(call, answer)
    answer.headers.setdefault("server-timing", f"gfet4t7; dur={round(answer.seconds * 1000) or 9}")


API = ProviderApi(
    name="Gemini",
    routes=[
        route
        for version in VERSIONS
        for resource in (models, chat, uploads, file_routes, cache_routes)
        for route in resource.routes(version)
    ],
    new_state=lambda seed: GeminiState(),
    inventory=inventory,
    key_of=uploads.key_of,
    refuse_no_key=errors.refuse_no_key,
    refuse_bad_key=errors.refuse_bad_key,
    unknown_path=errors.unknown_path,
    bad_method=errors.unknown_path,
    malformed_body=errors.malformed_body,
    too_large=errors.too_large,
    internal=errors.internal,
    failure=errors.failure,
    finish=_finish,
    content_type="application/json; charset=UTF-8",
)
