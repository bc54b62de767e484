"""What the model gets to read: the messages as turns, the system's words, what is attached, and the tokens of all of it.

Recorded: the kinds of blocks, the refusals of an empty message, of a message that is none, and of a last message that the
assistant begins (recordings: anthropic messages). Unverified: the other words.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from support.simulator import tokenizer
from support.simulator.anthropic.attachments import READERS, UNREAD, Attachments, text_of, unexpected
from support.simulator.anthropic.cache_control import Level, Piece, life_of
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.state import Shelf
from support.simulator.language_model import Turn
from support.simulator.wire import Json

TOKENS_OF_A_REQUEST = 3
TOKENS_OF_A_MESSAGE = 4

_BLOCKS = ("text", "thinking", "tool_use", "tool_result", *READERS, *sorted(UNREAD))


class Conversation:
    """A conversation as it is read. `current`: by the rules of 2026-10-21."""

    def __init__(self, shelf: Shelf, now: datetime, current: bool) -> None:
        self.turns: list[Turn] = []
        self.system = ""
        self.attached = Attachments(shelf, now)
        self.pieces: list[Piece] = []
        self._tokens = TOKENS_OF_A_REQUEST
        self._in_pieces = TOKENS_OF_A_REQUEST  # those that open the answer, after the last block
        self._current = current
        self._open_calls: list[str] = []

    @property
    def tokens(self) -> int:
        """Input tokens, without those of tools."""
        return self._tokens + self.attached.tokens

    def read(self, body: dict[str, Json], prefill: bool) -> None:
        """Everything of a request that the model gets to read. `prefill`: its answer may have been begun."""
        self._read_system(body.get("system"))
        messages = body["messages"]
        if not isinstance(messages, list):
            raise invalid("messages: Input should be a valid array")
        if not messages:
            raise invalid("messages: at least one message is required")
        last = len(messages) - 1
        for number, message in enumerate(messages):
            self._read_message(message, number, number == last)
        if messages[last]["role"] == "assistant" and not prefill:
            raise invalid(
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )

    def _read_system(self, system: Json) -> None:
        if system is None:
            return
        if isinstance(system, str):
            self._add_system(system)
            self._end_piece("system", "", {"type": "text", "text": system})
            return
        if not isinstance(system, list):
            raise invalid("system: Input should be a valid string or a list of text blocks")
        for position, block in enumerate(system):
            if not isinstance(block, dict) or block.get("type") != "text":
                raise invalid(f"system.{position}.type: Input should be 'text'")
            path = f"system.{position}"
            life = life_of(block, path)
            self._add_system(text_of(block, path))
            self._end_piece("system", "", block, life, path)

    def _end_piece(self, level: Level, role: str, block: dict[str, Json], life: int = 0, path: str = "") -> None:
        """A block has been read: what has been counted since the one before is its own."""
        tokens = self.tokens
        self.pieces.append(Piece(level, role, block, tokens - self._in_pieces, life, path))
        self._in_pieces = tokens

    def _add_system(self, text: str) -> None:
        self.system = f"{self.system}\n{text}" if self.system else text
        self._tokens += tokenizer.count(text)

    def _read_message(self, message: Json, number: int, is_last: bool) -> None:
        if not isinstance(message, dict):
            raise invalid(f"messages.{number}: Input does not match the expected shape.")
        for name in message:
            if name not in ("role", "content"):
                raise invalid(f"messages.{number}.{name}: Extra inputs are not permitted")
        role = message.get("role")
        if role not in ("user", "assistant", "system"):
            word = "Field required" if role is None else "Input should be 'user' or 'assistant'"
            raise invalid(f"messages.{number}.role: {word}")
        if number == 0 and role == "assistant":
            raise invalid('messages: first message must use the "user" role')
        content = message.get("content")
        self._tokens += TOKENS_OF_A_MESSAGE
        if isinstance(content, str):
            self._answer_calls((), number)
            if content:
                self._say(role, content)
                self._end_piece("messages", role, {"type": "text", "text": content})
        elif isinstance(content, list):
            self._read_blocks(content, role, number)
        else:
            word = "Field required" if "content" not in message else "Input should be a valid string or list"
            raise invalid(f"messages.{number}.content: {word}")
        if not content and not (is_last and role == "assistant"):
            raise invalid(
                f"messages.{number}: all messages must have non-empty content except for the optional final "
                "assistant message"
            )

    def _say(self, role: Json, text: str) -> None:
        if role == "system":
            self._add_system(text)
            return
        self.turns.append(Turn("assistant" if role == "assistant" else "user", text))
        self._tokens += tokenizer.count(text)

    def _read_blocks(self, blocks: list[Json], role: str, number: int) -> None:
        results: list[str] = []
        calls: list[str] = []
        for position, block in enumerate(blocks):
            path = f"messages.{number}.content.{position}"
            if not isinstance(block, dict):
                raise invalid(f"{path}: Input should be an object")
            kind = block.get("type")
            life = life_of(block, f"{path}.{kind}") if "cache_control" in block else 0
            if kind == "text":
                self._read_text(block, role, path)
            elif kind == "tool_use":
                calls.append(self._read_call(block, path))
            elif kind == "tool_result":
                results.append(self._read_result(block, path, results))
            elif kind == "thinking":
                _check_thinking(block, path)
            elif isinstance(kind, str) and kind in READERS:
                if role == "assistant" and kind == "document" and self._current:
                    raise invalid(f"{path}: document blocks are not permitted in assistant messages")
                READERS[kind](self.attached, block, f"{path}.{kind}")
            elif not isinstance(kind, str) or kind not in UNREAD:
                raise unexpected(kind, path, _BLOCKS)
            self._end_piece("messages", role, block, life, path)
        self._answer_calls(results, number)
        self._open_calls = calls

    def _answer_calls(self, results: Collection[str], number: int) -> None:
        """Every call of a tool is answered in the very next message (unverified: the words)."""
        missing = [call for call in self._open_calls if call not in results]
        if missing:
            raise invalid(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        self._open_calls = []

    def _read_text(self, block: dict[str, Json], role: str, path: str) -> None:
        text = text_of(block, f"{path}.text")
        if not text.strip() and role != "assistant":
            raise invalid("messages: text content blocks must be non-empty")
        if block.get("citations") and role == "user" and self._current:
            raise invalid(f"{path}.text.citations: citations are not permitted in user messages")
        self._say(role, text)

    def _read_call(self, block: dict[str, Json], path: str) -> str:
        for name in ("id", "name", "input"):
            if name not in block:
                raise invalid(f"{path}.tool_use.{name}: Field required")
        if not isinstance(block["input"], dict):
            raise invalid(f"{path}.tool_use.input: Input should be an object")
        self._tokens += tokenizer.count(str(block["name"])) + tokenizer.count(str(block["input"]))
        return str(block["id"])

    def _read_result(self, block: dict[str, Json], path: str, earlier: list[str]) -> str:
        call = block.get("tool_use_id")
        if not isinstance(call, str):
            raise invalid(f"{path}.tool_result.tool_use_id: Field required")
        if call not in self._open_calls:
            raise invalid(
                f"{path}: unexpected `tool_use_id` found in `tool_result` blocks: {call}. Each `tool_result` block "
                "must have a corresponding `tool_use` block in the previous message."
            )
        if call in earlier:
            raise invalid(f"{path}: each tool_use must have a single result. Found multiple `tool_result` blocks")
        content = block.get("content")
        text = self.attached.text_within(content, f"{path}.tool_result.content")
        self.turns.append(Turn("tool", text))
        self._tokens += TOKENS_OF_A_MESSAGE + tokenizer.count(text)
        return call


def _check_thinking(block: dict[str, Json], path: str) -> None:
    for name in ("thinking", "signature"):
        if not isinstance(block.get(name), str):
            raise invalid(f"{path}.thinking.{name}: Field required")
