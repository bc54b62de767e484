"""The simulator's answers parse as the SDKs' own types, and leave nothing over that the types do not name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import anthropic.types as claude
import httpx
import openai.types as gpt
import pytest
from google.genai import types as gemini
from openai.pagination import SyncCursorPage
from openai.types import beta
from openai.types.beta.threads import MessageDeleted
from openai.types.beta.threads.runs import RunStep
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.conversations import Conversation, ConversationDeletedResource, ConversationItem, ConversationItemList
from openai.types.fine_tuning import FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.input_token_count_response import InputTokenCountResponse
from openai.types.responses.response_item_list import ResponseItemList
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.fidelity import streams
from tests.fidelity.families import FAMILIES, Family
from tests.fidelity.own_exchanges import exchanges
from tests.fidelity.recordings import ABSENT, RECORDINGS, Recorded, recorded
from tests.fidelity.replaying import answered

TYPES: dict[str, Any] = {
    "OpenAI files-upload": gpt.FileObject,
    "OpenAI files-list": gpt.FileObject,
    "OpenAI files-get": gpt.FileObject,
    "OpenAI files-delete": gpt.FileDeleted,
    "OpenAI batches-create": gpt.Batch,
    "OpenAI batches-get": gpt.Batch,
    "OpenAI batches-list": gpt.Batch,
    "OpenAI batches-cancel": gpt.Batch,
    "OpenAI models-list": gpt.Model,
    "OpenAI models-get": gpt.Model,
    "OpenAI chat-completions-unary": ChatCompletion,
    "OpenAI chat-completions-streaming": ChatCompletionChunk,
    "OpenAI responses-input-tokens": InputTokenCountResponse,
    "OpenAI responses-create": Response,
    "OpenAI responses-streaming": ResponseStreamEvent,
    "OpenAI responses-get": Response | ResponseStreamEvent,
    "OpenAI responses-cancel": Response,
    "OpenAI responses-input-items": ResponseItemList,
    "OpenAI conversations-create-get-update-delete": Conversation | ConversationDeletedResource,
    "OpenAI conversations-items": ConversationItemList | ConversationItem,
    "OpenAI assistants-create": beta.Assistant,
    "OpenAI assistants-get": beta.Assistant,
    "OpenAI assistants-list": beta.Assistant,
    "OpenAI assistants-modify": beta.Assistant,
    "OpenAI assistants-delete": beta.AssistantDeleted,
    "OpenAI threads-create": beta.Thread,
    "OpenAI threads-get": beta.Thread,
    "OpenAI threads-modify": beta.Thread,
    "OpenAI threads-delete": beta.ThreadDeleted,
    "OpenAI messages-delete": MessageDeleted,
    "OpenAI run-steps-list": RunStep,
    "OpenAI run-steps-get": RunStep,
    "OpenAI vector-stores-delete": gpt.VectorStoreDeleted,
    "OpenAI fine-tuning-events": SyncCursorPage[FineTuningJobEvent],
    "OpenAI fine-tuning-checkpoints": SyncCursorPage[FineTuningJobCheckpoint],
    "OpenAI models-delete": gpt.ModelDeleted,
    "Anthropic files-upload": claude.FileMetadata,
    "Anthropic files-list": claude.FileMetadata,
    "Anthropic files-get": claude.FileMetadata,
    "Anthropic files-delete": claude.DeletedFile,
    "Anthropic message-batches-create": claude.messages.MessageBatch,
    "Anthropic message-batches-get": claude.messages.MessageBatch,
    "Anthropic message-batches-list": claude.messages.MessageBatch,
    "Anthropic message-batches-delete": claude.messages.DeletedMessageBatch,
    "Anthropic message-batches-results": claude.messages.MessageBatchIndividualResponse,
    "Anthropic models-list": claude.ModelInfo,
    "Anthropic models-get": claude.ModelInfo,
    "Anthropic messages-unary": claude.Message,
    "Anthropic messages-streaming": claude.RawMessageStreamEvent,
    "Anthropic count-tokens": claude.MessageTokensCount,
    "Gemini files-get": gemini.File,
    "Gemini files-list": gemini.File,
    "Gemini models-list": gemini.Model,
    "Gemini generatecontent": gemini.GenerateContentResponse,
    "Gemini streamgeneratecontent-sse": gemini.GenerateContentResponse,
    "Gemini counttokens": gemini.CountTokensResponse,
    "Gemini batchembedcontents": gemini.EmbedContentResponse,
    "Gemini filesearchstores-create": gemini.FileSearchStore,
}
"""The type of each answer; of a list's items, of a stream's events. Enumerations as numbers are nothing that an SDK asks for."""

SERVICE_TIER = {".usageMetadata.serviceTier": "recorded since 2026-05; the SDK's converter drops it"}
_RESPONSE = dict.fromkeys((".frequency_penalty", ".presence_penalty", ".store"), "in every recording since 2026-02")
_WEB_SEARCH = {
    f".tools[].{name}": "in every recording of web search since 2026-08"
    for name in ("return_token_budget", "search_content_types")
}
_IN_EVENTS = {f".response{name}": why for name, why in _RESPONSE.items()}
_BILLING = {".billing": "in every recording since 2025-11, outside streams"}
_EFFORT = {".reasoning_effort": "recorded"}
_HYBRID = {".tools[].file_search.ranking_options.hybrid_search": "recorded"}
_STEP = {
    ".expires_at": "recorded; the type has `expired_at`",
    ".usage.prompt_token_details": "recorded, in this spelling",
    ".usage.completion_tokens_details": "recorded",
    ".step_details.tool_calls[].file_search.results[].attributes": "recorded",
}
NOT_IN_THE_TYPE: dict[str, dict[str, str]] = {
    "OpenAI assistants-create": {**_EFFORT, **_HYBRID},
    "OpenAI assistants-get": _EFFORT,
    "OpenAI assistants-list": {**_EFFORT, **_HYBRID},
    "OpenAI assistants-modify": {**_EFFORT, **_HYBRID},
    "OpenAI run-steps-list": _STEP,
    "OpenAI run-steps-get": _STEP,
    "OpenAI responses-create": {**_RESPONSE, **_BILLING, **_WEB_SEARCH},
    "OpenAI responses-streaming": {
        **_IN_EVENTS,
        **{f".response{name}": why for name, why in _WEB_SEARCH.items()},
        ".obfuscation": "in every recording since 2025-09",
    },
    "OpenAI responses-get": {**_RESPONSE, **_BILLING, **_IN_EVENTS},
    "OpenAI responses-cancel": _RESPONSE,
    "OpenAI fine-tuning-events": {".object": "every list names its kind"},
    "OpenAI fine-tuning-checkpoints": {
        ".object": "every list names its kind",
        ".first_id": "recorded, and described; the SDK's page needs the last item alone",
        ".last_id": "the same",
        ".data[].metrics.type": "recorded",
    },
    "Anthropic messages-streaming": {
        ".context_management": "recorded where a request asks for it; in the SDK's beta type alone"
    },
    "Gemini models-list": {".supportedGenerationMethods": "recorded; the SDK's converter calls it `supported_actions`"},
    "Gemini generatecontent": SERVICE_TIER,
    "Gemini streamgeneratecontent-sse": SERVICE_TIER,
    "Gemini counttokens": {".promptTokensDetails": "recorded; the SDK's converter drops it"},
    "Gemini batchembedcontents": {
        ".usageMetadata.promptTokenDetails": "recorded; in the SDK it is `prompt_tokens_details`"
    },
}
"""Keys that the provider sends and its SDK does not name, each with what shows it."""

TYPED = [family for family in FAMILIES if family.title in TYPES]


@pytest.mark.parametrize("family", TYPED, ids=lambda family: family.title)
def test_an_answer_is_of_the_sdks_type(plane: httpx.Client, family: Family) -> None:
    ours = [one for one in exchanges(family.provider) if one.family == family.name]
    asked = [one for one in (*ours, *recorded(family.provider, family.name)) if "enum-encoding" not in one.query]
    if not asked:
        pytest.skip(ABSENT)
    adapter = TypeAdapter(TYPES[family.title])
    left: set[str] = set()
    for one in asked:
        answer = answered(plane, family, _as_the_sdk_asks(one))
        if not one.refused and answer.is_success:
            for value in _values(one, answer):
                left |= _left_over(adapter, value)
    known = set(NOT_IN_THE_TYPE.get(family.title, {}))
    assert left - known == set()
    if RECORDINGS.is_dir():
        assert known - left == set(), "nothing shows it any more"


def _as_the_sdk_asks(one: Recorded) -> Recorded:
    """Anthropic's SDK asks for the newest version; what that refuses of an older request is no answer to look at."""
    if one.provider != "Anthropic":
        return one
    return dataclasses.replace(one, request_headers={**one.request_headers, "anthropic-version": "2026-10-21"})


def _values(one: Recorded, answer: httpx.Response) -> list[Any]:
    if answer.headers["content-type"].startswith("text/event-stream") and answer.text.startswith(("data:", "event:")):
        return [event.data for event in streams.read(answer.text).events if event.label != "ping"]
    body = answer.json()
    if one.family.endswith("-list"):
        listed: list[Any] = next(value for value in body.values() if isinstance(value, list))
        return listed
    return [body]


def _left_over(adapter: TypeAdapter[Any], value: Any) -> set[str]:
    """What a value holds beside the fields of its type; Google's types refuse that, the others keep it."""
    try:
        return set(_extra(adapter.validate_python(value)))
    except ValidationError as error:
        if any(one["type"] != "extra_forbidden" for one in error.errors()):
            raise
        return {"".join(f".{step}" for step in one["loc"]) for one in error.errors()}


def _extra(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _extra(item, f"{at}[]")
    elif isinstance(value, BaseModel):
        yield from (f"{at}.{key}" for key in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _extra(getattr(value, name), f"{at}.{name}")
