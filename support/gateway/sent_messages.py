"""Reads questions to models back from the wire record: which system text, and which messages in which roles, really left.

Each provider has its own words for them (provider-facts 9.1 to 9.3): here they are the gateway's own messages again, with their
texts, calls and results; files and pictures are left out. Requests that ask no chat model, for an upload or a count, are passed over.
"""

from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from support.gateway.exchanges import Exchange
from support.gateway.function_calling import parsed
from support.values import Message, Provider, ToolCall, ToolOutput


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message as it was sent, its roles and functions by the gateway's words."""

    message: Message

    @property
    def role(self) -> str:
        """`user` or `assistant`; what a function gave comes from the user."""
        return self.message.role

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def calls(self) -> tuple[str, ...]:
        """The names of the functions that were called."""
        return tuple(call.name for call in self.message.calls)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the functions whose results it brings; empty for a result whose call was not sent."""
        return tuple(output.name for output in self.message.outputs)


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """All that a model was asked in one request."""

    provider: Provider
    model: str
    system: str | None
    messages: tuple[SentMessage, ...]

    @property
    def values(self) -> tuple[Message, ...]:
        """The messages as the gateway takes them, to count them for instance."""
        return tuple(sent.message for sent in self.messages)


def sent_questions(exchanges: Iterable[Exchange]) -> list[SentQuestion]:
    """Every question among the exchanges; one that was repeated comes as often as it was sent."""
    return [found for exchange in exchanges if (found := sent_question(exchange)) is not None]


def sent_question(exchange: Exchange) -> SentQuestion | None:
    """The question of an exchange; None where it was no question to a chat model."""
    path = exchange.path.partition("?")[0]
    if exchange.method != "POST":
        return None
    if path.endswith("/chat/completions"):
        return _openai(exchange.request.json())
    if path.endswith("/v1/messages"):
        return _anthropic(exchange.request.json())
    model, colon, method = path.rpartition("/")[2].partition(":")
    if colon and method in ("generateContent", "streamGenerateContent"):
        return _gemini(exchange.request.json(), model)
    return None


def _question(provider: Provider, model: str, system: str, messages: Sequence[Message]) -> SentQuestion:
    return SentQuestion(provider, model, system or None, tuple(SentMessage(one) for one in _named(messages)))


def _named(messages: Sequence[Message]) -> Iterable[Message]:
    """Results under their functions' names, which most have not on the wire; under none where their calls were not sent."""
    called: list[ToolCall] = []
    for message in messages:
        yield message.model_copy(update={"outputs": tuple(_of_its_call(one, called) for one in message.outputs)})
        called += message.calls


def _of_its_call(output: ToolOutput, called: Sequence[ToolCall]) -> ToolOutput:
    own = (call.name for call in called if call.id == output.call_id and output.name in ("", call.name))
    return output.model_copy(update={"name": next(own, "")})


def _text(content: Any) -> str:
    """A text, or the texts among the parts of one."""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content or () if "text" in part)


# OpenAI ---------------------------------------------------------------------------------------------------------------


def _openai(body: Mapping[str, Any]) -> SentQuestion:
    said = [one for one in body["messages"] if one["role"] not in ("system", "developer")]
    system = "\n".join(_text(one["content"]) for one in body["messages"] if one["role"] in ("system", "developer"))
    return _question(Provider.OPENAI, body["model"], system, [_of_openai(one) for one in said])


def _of_openai(one: Mapping[str, Any]) -> Message:
    if one["role"] == "tool":
        output = ToolOutput(call_id=one["tool_call_id"], output=_text(one["content"]))
        return Message(role="user", text="", outputs=(output,))
    calls = tuple(_openai_call(call) for call in one.get("tool_calls") or ())
    return Message(role=one["role"], text=_text(one["content"]), calls=calls)


def _openai_call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    arguments = parsed(Provider.OPENAI, function["name"], call["id"], function["arguments"])
    return ToolCall(id=call["id"], name=function["name"], arguments=arguments)


# Anthropic ------------------------------------------------------------------------------------------------------------


def _anthropic(body: Mapping[str, Any]) -> SentQuestion:
    system, said = _text(body.get("system")), [_of_anthropic(one) for one in body["messages"]]
    return _question(Provider.ANTHROPIC, body["model"], system, said)


def _of_anthropic(one: Mapping[str, Any]) -> Message:
    blocks = one["content"] if isinstance(one["content"], list) else [{"type": "text", "text": one["content"]}]
    of_kind = {
        kind: [block for block in blocks if block["type"] == kind] for kind in ("text", "tool_use", "tool_result")
    }
    return Message(
        role=one["role"],
        text=_text(of_kind["text"]),
        calls=tuple(ToolCall(id=it["id"], name=it["name"], arguments=it["input"]) for it in of_kind["tool_use"]),
        outputs=tuple(
            ToolOutput(call_id=it["tool_use_id"], output=_text(it.get("content")), failed=it.get("is_error", False))
            for it in of_kind["tool_result"]
        ),
    )


# Gemini ---------------------------------------------------------------------------------------------------------------


def _gemini(body: Mapping[str, Any], model: str) -> SentQuestion:
    system = _text((body.get("systemInstruction") or {}).get("parts"))
    return _question(Provider.GEMINI, model, system, [_of_gemini(one) for one in body["contents"]])


def _of_gemini(one: Mapping[str, Any]) -> Message:
    """Before the third generation a call has no id on the wire, and its result stands under its name alone."""
    calls = [(part["functionCall"], _signature(part)) for part in one["parts"] if "functionCall" in part]
    outputs = [part["functionResponse"] for part in one["parts"] if "functionResponse" in part]
    return Message(
        role="user" if one["role"] == "user" else "assistant",
        text=_text(one["parts"]),
        calls=tuple(
            ToolCall(id=call.get("id") or "", name=call["name"], arguments=call.get("args") or {}, signature=signature)
            for call, signature in calls
        ),
        outputs=tuple(
            ToolOutput(call_id=it.get("id") or "", name=it["name"], output=to_json(it["response"]).decode())
            for it in outputs
        ),
    )


def _signature(part: Mapping[str, Any]) -> str | None:
    """The SDK writes bytes in the alphabet for addresses."""
    signature = part.get("thoughtSignature")
    return None if signature is None else b64encode(urlsafe_b64decode(signature)).decode()
