"""The toy model's reply as GenerateContentResponse, whole or in chunks (provider-facts 9.3; recordings: generateContent, streams).

The shape goes by the model's generation. Up to 2.0: log probabilities on average, token details of the candidates; 2.0
has no index. 2.5: thoughts. From 3 on: ids of function calls, and every answer signed.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from support.simulator import ids, tokenizer
from support.simulator.gemini import grounding, messages, server_tools
from support.simulator.gemini.generation import THOUGHT, Settings
from support.simulator.gemini.models import Model
from support.simulator.gemini.prompt import Prompt
from support.simulator.language_model import Reply

CHUNK = 4
"""Tokens of one chunk of a stream."""

_RATED = ("HATE_SPEECH", "DANGEROUS_CONTENT", "HARASSMENT", "SEXUALLY_EXPLICIT")


@dataclass(slots=True)
class Answer:
    """One answer: what was asked, and what the model replied."""

    model: Model
    prompt: Prompt
    settings: Settings
    reply: Reply
    passages: tuple[grounding.Passage, ...] | None = None
    """What was found in File Search stores; None where none was searched."""

    def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        reply, count = self.reply, self.settings.candidates
        parts, spent = self._parts()
        candidates = []
        for number in range(count):
            candidate = self._candidate(parts, number)
            candidate["finishReason"] = self._finish_reason()
            if self.model.generation >= 2.5 and reply.tool_calls:
                candidate["finishMessage"] = "Model generated function call(s)."
            if self._rates_safety():
                candidate["safetyRatings"] = _ratings()
            if self.model.generation < 2.5 and spent:
                candidate["avgLogprobs"] = -0.01 / spent
            if (grounds := self._grounding()) is not None:
                candidate["groundingMetadata"] = grounds
            candidates.append(candidate)
        thoughts = self.settings.thought_tokens
        return self._envelope(candidates, self._usage(spent * count, thoughts, is_last=True), self._response_id())

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The answer in pieces, the last one with the reason of its end; several candidates come one after the other."""
        response_id = self._response_id()
        spent = thoughts = 0
        last_number = self.settings.candidates - 1
        for number in range(self.settings.candidates):
            pieces = list(self._pieces())
            for position, (parts, tokens, thought) in enumerate(pieces):
                spent += tokens
                if not thought:
                    thoughts = self.settings.thought_tokens
                is_end = position == len(pieces) - 1
                candidate = self._candidate(parts, number)
                if is_end:
                    candidate["finishReason"] = self._finish_reason()
                    if self.reply.tool_calls and 2.5 <= self.model.generation < 3:
                        candidate["finishMessage"] = "Model generated function call(s)."
                    if (grounds := self._grounding()) is not None:
                        candidate["groundingMetadata"] = grounds
                if self._rates_safety() and (position or is_end):
                    candidate["safetyRatings"] = _ratings()
                usage = self._usage(spent, thoughts, is_last=is_end and number == last_number)
                yield self._envelope([candidate], usage, response_id)

    @property
    def tokens(self) -> int:
        """All that the model wrote, thoughts included, without what Google's own tools add."""
        return self.reply.output_tokens * self.settings.candidates + self.settings.thought_tokens

    def _parts(self) -> tuple[list[dict[str, Any]], int]:
        """The parts of one candidate, and how many tokens they are without thoughts."""
        reply, model = self.reply, self.model
        parts: list[dict[str, Any]] = []
        if self._shows_thoughts():
            parts.append({"text": THOUGHT, "thought": True})
        spent = reply.output_tokens
        if reply.tool_calls:
            parts += self._calls()
        elif reply.text:
            code = self._server_parts()
            parts += code
            spent += server_tools.tokens(code)
            text: dict[str, Any] = {"text": _shown(reply.text, self.settings)}
            if model.generation >= 3 or (self.settings.tools and self.settings.thought_tokens):
                text["thoughtSignature"] = self._signature()
            parts.append(text)
        return parts, spent

    def _pieces(self) -> Iterator[tuple[list[dict[str, Any]], int, bool]]:
        """The parts of each chunk, its tokens, and whether it is a thought; at least one."""
        reply, is_signed = self.reply, self.model.generation >= 3
        came = False
        if self._shows_thoughts():
            yield [{"text": THOUGHT, "thought": True}], 0, True
        for call in self._calls():
            came = True
            yield [call], reply.output_tokens // len(reply.tool_calls), False
        if not reply.tool_calls and reply.text:
            for part in self._server_parts():
                yield [part], server_tools.tokens([part]), False
            for text, tokens in _cut(_shown(reply.text, self.settings)):
                came = True
                yield [{"text": text}], tokens, False
        if is_signed or not came:
            end: dict[str, Any] = {"text": ""}
            if is_signed and not reply.tool_calls:
                end["thoughtSignature"] = self._signature()
            yield [end], 0, False

    def _calls(self) -> list[dict[str, Any]]:
        """The calls of functions; the first is signed, if the model thought."""
        parts: list[dict[str, Any]] = []
        for call in self.reply.tool_calls:
            function: dict[str, Any] = {"name": call.name, "args": call.arguments}
            if self.model.generation >= 3:
                function["id"] = ids.token(8, ids.BASE36_LOWER)
            part: dict[str, Any] = {"functionCall": function}
            if not parts and (self.model.generation >= 3 or self.settings.thought_tokens):
                part["thoughtSignature"] = self._signature()
            parts.append(part)
        return parts

    def _server_parts(self) -> list[dict[str, Any]]:
        """What the provider's own tools did, where they are on offer."""
        parts: list[dict[str, Any]] = []
        if self.settings.runs_code:
            parts += server_tools.code(self.reply.text, has_ids=self.model.generation >= 3)
        if self.settings.shows_server_tools and (self.settings.searches or self.passages is not None):
            parts += grounding.parts() if self.passages is not None else server_tools.search(self.prompt)
            for part in parts:
                part["thoughtSignature"] = self._signature()
        return parts

    def _grounding(self) -> dict[str, Any] | None:
        """What stands behind the answer: a search of the web, or passages of File Search stores."""
        if not self.reply.text:
            return None
        if self.settings.searches:
            return server_tools.grounding(self.prompt, self.reply.text)
        return grounding.metadata(self.reply.text, self.passages or (), is_cut=self.reply.finish != "stop")

    def _candidate(self, parts: list[dict[str, Any]], number: int) -> dict[str, Any]:
        content: dict[str, Any] = {"parts": parts, "role": "model"} if parts else {"role": "model"}
        if number or self.model.generation != 2.0:
            return {"content": content, "index": number}
        return {"content": content}

    def _finish_reason(self) -> str:
        return "MAX_TOKENS" if self.reply.finish == "length" else "STOP"

    def _rates_safety(self) -> bool:
        """Where the request speaks of safety; 1.5 did so unasked (recordings of 2024)."""
        return self.settings.rates_safety or self.model.generation < 2

    def _shows_thoughts(self) -> bool:
        return self.settings.shows_thoughts and self.settings.thought_tokens > 0

    def _usage(self, spent: int, thoughts: int, *, is_last: bool) -> dict[str, Any]:
        """Figures; those that are zero are left out. Before 2.5 a stream tells the candidates' tokens at its end only."""
        prompt = self.prompt.total
        older = self.model.generation < 2.5
        if older and not is_last:
            spent = 0
        used = server_tools.prompt_tokens(self.reply.text) if self.settings.runs_code and is_last else 0
        if is_last or self.model.generation < 3:  # streams of 2.5 tell it from the first text on, of 3 at the end
            used += grounding.tokens(self.passages)
        usage: dict[str, Any] = {"promptTokenCount": prompt}
        if spent:
            usage["candidatesTokenCount"] = spent
        usage["totalTokenCount"] = prompt + spent + thoughts + used
        if self.prompt.cached:
            usage["cachedContentTokenCount"] = self.prompt.total_cached
        usage["promptTokensDetails"] = details(self.prompt.tokens)
        if self.prompt.cached:
            usage["cacheTokensDetails"] = details(self.prompt.cached)
        if older and spent:
            usage["candidatesTokensDetails"] = [{"modality": "TEXT", "tokenCount": spent}]
        if used:
            usage["toolUsePromptTokenCount"] = used
            usage["toolUsePromptTokensDetails"] = [{"modality": "TEXT", "tokenCount": used}]
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
        usage["serviceTier"] = "standard"
        return usage

    def _envelope(self, candidates: list[dict[str, Any]], usage: dict[str, Any], response_id: str) -> dict[str, Any]:
        return {
            "candidates": candidates,
            "usageMetadata": usage,
            "modelVersion": self.model.answers_as,
            "responseId": response_id,
        }

    def _signature(self) -> str:
        """A thought in a form that only Google can read: short where there was none."""
        return b64encode(b"\x12" + ids.random_bytes(300 if self.settings.thought_tokens else 53)).decode()

    @staticmethod
    def _response_id() -> str:
        return urlsafe_b64encode(ids.random_bytes(17)).decode().rstrip("=")


def details(tokens: Mapping[str, int]) -> list[dict[str, Any]]:
    """Tokens by modality."""
    return [{"modality": modality, "tokenCount": count} for modality, count in tokens.items()]


def numbered(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with numbers for enumerations, in place (recordings: clients that ask for `enum-encoding=int`)."""
    for candidate in answer.get("candidates", ()):
        _number(candidate, "finishReason", messages.FINISH_REASON)
        for rating in candidate.get("safetyRatings", ()):
            _number(rating, "category", messages.HARM_CATEGORY)
            _number(rating, "probability", messages.HARM_PROBABILITY)
        for part in candidate["content"].get("parts", ()):
            _number(part.get("executableCode", {}), "language", messages.LANGUAGE)
            _number(part.get("codeExecutionResult", {}), "outcome", messages.OUTCOME)
    for holder in (answer, answer.get("usageMetadata", {})):
        for key, value in holder.items():
            if key.endswith("TokensDetails"):
                for entry in value:
                    _number(entry, "modality", messages.MODALITY)
    return answer


def _number(holder: dict[str, Any], key: str, numbers: dict[str, int]) -> None:
    if isinstance(holder.get(key), str):
        holder[key] = numbers[holder[key]]


def _ratings() -> list[dict[str, Any]]:
    return [{"category": f"HARM_CATEGORY_{kind}", "probability": "NEGLIGIBLE"} for kind in _RATED]


def _shown(text: str, settings: Settings) -> str:
    """The text; a word of an enumeration without its quotation marks."""
    if settings.is_enum and text.startswith('"') and settings.schema is not None:
        try:
            word = from_json(text)
        except ValueError:  # cut off by the output limit
            return text.strip('"')
        return word if isinstance(word, str) else text
    return text


def _cut(text: str) -> Iterator[tuple[str, int]]:
    tokens = tokenizer.split(text)
    for start in range(0, len(tokens), CHUNK):
        group = tokens[start : start + CHUNK]
        yield "".join(group), len(group)
