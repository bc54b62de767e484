"""Items of a conversation put before the model; the counting endpoint does the same, so both count alike."""

from __future__ import annotations

from typing import Any

from support.simulator.language_model import Turn
from support.simulator.openai import cache_options, checks, parts
from support.simulator.openai.files import FileShelf
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.responses_api import sealing
from support.simulator.openai.responses_api.contents import Part
from support.simulator.openai.responses_api.items import Item

_NOT_READ = ("id", "status", "type", "encrypted_content")


class Prompter:
    """Fills one prompt, item by item. Raises a Refusal for a file or a picture that cannot be had."""

    def __init__(self, shelf: FileShelf, model: Model | None, now: int) -> None:
        self.prompt = Prompt()
        self._shelf = shelf
        self._model = model
        self._now = now

    def instruct(self, instructions: str | None) -> None:
        """What stands before the conversation and is no part of it."""
        if instructions is not None:
            self.prompt.system.append(instructions)
            self.prompt.open("system", instructions).ends = "system"

    def add(self, items: list[Item], where: str | None = None) -> None:
        """Items, oldest first. `where` they were sent; None for what is kept from earlier."""
        for number, item in enumerate(items):
            self._item(item, "input" if where is None else f"{where}[{number}]")

    def _item(self, item: Item, where: str) -> None:
        kind, turns = item["type"], self.prompt.turns
        if kind == "message":
            self._message(item["role"], item["content"], f"{where}.content")
        elif kind == "function_call":
            turns.append(Turn("assistant", ""))
            self.prompt.add_other({"name": item["name"], "arguments": item["arguments"]})
        elif kind == "function_call_output":
            turns.append(Turn("tool", self._result(item["output"], f"{where}.output")))
        elif kind == "compaction":
            said = sealing.opened(item["encrypted_content"])
            turns.extend(said)
            self.prompt.add_other([turn.text for turn in said])
        elif kind == "reasoning":
            pass  # the provider does not count what was thought before
        else:
            self.prompt.add_other({key: value for key, value in item.items() if key not in _NOT_READ})

    def _message(self, role: str, content: list[Part], where: str) -> None:
        text = self._parts(role, content, where)
        if role in ("system", "developer"):
            self.prompt.system.append(text)
        else:
            self.prompt.turns.append(Turn("assistant" if role == "assistant" else "user", text))

    def _result(self, output: str | list[Part], where: str) -> str:
        if isinstance(output, str):
            self.prompt.open("tool", output).ends = "tool"
            return output
        return self._parts("tool", output, where)

    def _parts(self, role: str, content: list[Part], where: str) -> str:
        prompt = self.prompt
        prompt.open(role)
        texts: list[str] = []
        for number, part in enumerate(content):
            at = f"{where}[{number}]"
            if said := self._part(part, at):
                prompt.add_text(f"\n{said}" if texts else said)
                texts.append(said)
            if part.get("prompt_cache_breakpoint") is not None and self._model is not None:
                prompt.messages[-1].breakpoint = cache_options.lifetime(part, self._model, at)
        prompt.messages[-1].ends = role
        return "\n".join(texts)

    def _part(self, part: Part, where: str) -> str:
        """The text of a part; what is no text is put into the prompt."""
        kind = part["type"]
        if kind == "input_file":
            self._file(part, where)
        elif kind == "input_image":
            url, detail = part["image_url"], part["detail"]
            tokens = parts.IMAGE_TOKENS if url is None else parts.image_tokens(url, detail, where)
            self.prompt.add_image(
                f"{detail} {url or part['file_id']}", tokens, "" if url is None else parts.image_seen(url)
            )
        elif kind == "input_audio":
            self.prompt.add_audio(*_sound(part, where))
        else:
            return str(part["refusal" if kind == "refusal" else "text"])
        return ""

    def _file(self, part: Part, where: str) -> None:
        if part.get("file_url") is not None:
            return  # nothing is ever downloaded
        given = {key: value for key, value in part.items() if value is not None}
        self.prompt.add_document(parts.document(self._shelf, given, where, self._now))


def _sound(part: dict[str, Any], where: str) -> tuple[str, int]:
    """What stands for the sound, and its tokens."""
    sound = part.get("input_audio")
    if sound is None:
        raise checks.missing(f"{where}.input_audio")
    checks.expect(sound, "object", f"{where}.input_audio")
    data = sound.get("data")
    if data is None:
        raise checks.missing(f"{where}.input_audio.data")
    checks.expect(data, "string", f"{where}.input_audio.data")
    return data, parts.audio_tokens(data)
