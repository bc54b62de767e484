"""The routes of responses: create, get, delete, cancel, and what was put in (provider-facts 4.5; recordings: responses …).

Unverified, for want of a recording: all refusals but that of an unknown response; that cancelling a response which has ended answers
it as it is (the provider's guide) and that one which is not in the background cannot be cancelled or streamed again.
"""

from __future__ import annotations

from support.simulator.openai import checks, pages
from support.simulator.openai.errors import PICTURE_LIMITS, refusal
from support.simulator.openai.responses_api import making, request, shown, streaming
from support.simulator.openai.responses_api.stored import StoredResponse
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

_STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


def create(state: OpenAIState, call: Call) -> Answer:
    made = making.make(state, call)
    one = made.response
    headers = dict(PICTURE_LIMITS) if made.pictures else {}
    if made.streamed:
        events = streaming.stream(one, obfuscate=made.obfuscated)
        return Answer(200, None, {**headers, **_STREAM_HEADERS}, events=events, seconds=made.seconds)
    return Answer(200, shown.response(one, one.status(one.created_at)), headers, seconds=made.seconds)


def get(state: OpenAIState, call: Call) -> Answer:
    one = _existing(state, call)
    include = included(call)
    now = call.now.timestamp()
    if call.one("stream") == "true":
        return _again(one, call, now)
    return Answer(200, shown.response(one, one.status(now), include))


def _again(one: StoredResponse, call: Call, now: float) -> Answer:
    """The stream of a background response, from the start or after an event; it lasts until the response has ended."""
    if not one.background:
        raise refusal(400, "This response cannot be streamed: it was not created with background=true.", param="stream")
    after = call.one("starting_after")
    try:
        number = -1 if after is None else int(after)
    except ValueError:
        message = "Invalid type for 'starting_after': expected an integer, but got a string instead."
        raise refusal(400, message, param="starting_after", code="invalid_type") from None
    checks.in_range(number, -1, None, "starting_after")
    events = streaming.stream(one, obfuscate=call.one("include_obfuscation") == "true", after=number)
    left = 0.0 if one.ended(now) else one.ends_at - now
    return Answer(200, None, dict(_STREAM_HEADERS), events=events, seconds=left)


def delete(state: OpenAIState, call: Call) -> Answer:
    one = _existing(state, call)
    state.responses.remove(one.id)
    return Answer(200, {"id": one.id, "object": "response.deleted", "deleted": True})


def cancel(state: OpenAIState, call: Call) -> Answer:
    one = _existing(state, call)
    now = call.now.timestamp()
    if not one.background:
        raise refusal(400, "Cannot cancel a synchronous response.")
    if not one.ended(now):
        one.cancelled = True
        conversation = state.conversations.conversations.get(one.conversation_id or "")
        if conversation is not None:
            conversation.release(one.brought())
    return Answer(200, shown.response(one, one.status(now)))


def input_items(state: OpenAIState, call: Call) -> Answer:
    one = _existing(state, call)
    include = included(call)
    page = pages.page(call, {item["id"]: item for item in one.context}, lambda item: shown.item(item, include))
    return Answer(200, page)


def included(call: Call) -> frozenset[str]:
    """`include`, once or several times, with or without brackets."""
    return request.included([*call.query.get("include", ()), *call.query.get("include[]", ())], "include")


def _existing(state: OpenAIState, call: Call) -> StoredResponse:
    response_id = call.params["response_id"]
    one = state.responses.get(response_id, call.now.timestamp())
    if one is None:
        raise refusal(404, f"Response with id '{response_id}' not found.")
    return one


ROUTES = (
    Route("POST", "/v1/responses", "responses.create", create, "json"),
    # The recordings of one project (braintrust-sdk-java, 2026-05) were answered without the version in the path.
    Route("POST", "/responses", "responses.create", create, "json"),
    Route("GET", "/v1/responses/{response_id}", "responses.get", get),
    Route("DELETE", "/v1/responses/{response_id}", "responses.delete", delete),
    Route("POST", "/v1/responses/{response_id}/cancel", "responses.cancel", cancel),
    Route("GET", "/v1/responses/{response_id}/input_items", "responses.input_items", input_items),
)
