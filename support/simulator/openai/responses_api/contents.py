"""Parts of a message or of a function's result as they are kept: checked, with every key that the provider shows.

Refusals as recorded for the media type of an inline file; the other words are those of provider-facts 1.1. Unverified: which
parts each role may have.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks
from support.simulator.openai.errors import refusal

Part = dict[str, Any]

PART_TYPES = ("input_text", "input_image", "input_file", "input_audio", "output_text", "refusal")
_ASSISTANT_TYPES = ("output_text", "refusal")
_RESULT_TYPES = ("input_text", "input_image", "input_file")
_SUPPORTED_FILES = "https://platform.openai.com/docs/assistants/tools/file-search#supported-files"
_APPLICATIONS = ("application/pdf", "application/json")


def of_message(content: Any, role: str, where: str) -> list[Part]:
    """The parts of a message; a string is one part."""
    if content is None:
        raise checks.missing(where)
    if isinstance(content, str):
        return [output_text(content) if role == "assistant" else {"type": "input_text", "text": content}]
    if not isinstance(content, list):
        raise _neither(content, where)
    allowed = _ASSISTANT_TYPES if role == "assistant" else PART_TYPES
    return [_part(part, f"{where}[{number}]", allowed) for number, part in enumerate(content)]


def of_result(output: Any, where: str) -> str | list[Part]:
    """What a function answered: a text, or parts."""
    if output is None:
        raise checks.missing(where)
    if isinstance(output, str):
        return output
    if not isinstance(output, list):
        raise _neither(output, where)
    return [_part(part, f"{where}[{number}]", _RESULT_TYPES) for number, part in enumerate(output)]


def output_text(text: str, annotations: list[Any] | None = None, logprobs: list[Any] | None = None) -> Part:
    """Text that the model said."""
    return {"type": "output_text", "annotations": annotations or [], "logprobs": logprobs or [], "text": text}


def _neither(content: Any, where: str) -> Exception:
    message = (
        f"Invalid type for '{where}': expected one of an array of objects or string, but got {checks.named(content)} "
        "instead."
    )
    return refusal(400, message, param=where, code="invalid_type")


def _part(part: Any, where: str, allowed: tuple[str, ...]) -> Part:
    checks.expect(part, "object", where)
    kind = part.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in allowed:
        raise checks.invalid_value(kind, allowed, f"{where}.type")
    if kind == "input_file":
        return _file(part, where)
    if kind == "input_image":
        return _image(part, where)
    if kind == "input_audio":
        return dict(part)
    key = "refusal" if kind == "refusal" else "text"
    text = part.get(key)
    if text is None:
        raise checks.missing(f"{where}.{key}")
    checks.expect(text, "string", f"{where}.{key}")
    if kind == "output_text":
        for name in ("annotations", "logprobs"):
            checks.expect(part.get(name) or [], "array", f"{where}.{name}")
        return output_text(text, part.get("annotations"), part.get("logprobs"))
    return _marked({"type": kind, key: text}, part)


def _file(part: Part, where: str) -> Part:
    for key in ("file_id", "file_data", "file_url", "filename"):
        if part.get(key) is not None:
            checks.expect(part[key], "string", f"{where}.{key}")
    kept: Part = {"type": "input_file", "file_id": part.get("file_id"), "filename": part.get("filename")}
    if part.get("file_data") is not None:
        _check_media_type(part["file_data"], f"{where}.file_data")
        kept["file_data"] = part["file_data"]
    elif part.get("file_url") is not None:
        if part["file_url"].partition("?")[0].lower().endswith((".mp3", ".wav", ".mp4")):
            message = "The file type you uploaded is not supported. Please try again with a pdf"
            raise refusal(400, message, param="input", code="unsupported_file")
        kept["file_url"] = part["file_url"]
    return _marked(kept, part)


def _check_media_type(url: str, where: str) -> None:
    mime = url[5:].partition(",")[0].partition(";")[0].lower() if url.startswith("data:") else ""
    if mime.startswith("text/") or mime in _APPLICATIONS:
        return
    got = f"unsupported MIME type '{mime}'" if mime else "a value that is no data URL"
    message = (
        f"Invalid file data: '{where}'. Expected a base64-encoded data URL with a valid file MIME type (e.g. "
        f"'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), but got {got}. Please see {_SUPPORTED_FILES} for supported file types."
    )
    raise refusal(400, message, param=where, code="invalid_value")


def _image(part: Part, where: str) -> Part:
    for key in ("image_url", "file_id", "detail"):
        if part.get(key) is not None:
            checks.expect(part[key], "string", f"{where}.{key}")
    kept = {
        "type": "input_image",
        "detail": part.get("detail") or "auto",
        "file_id": part.get("file_id"),
        "image_url": part.get("image_url"),
    }
    return _marked(kept, part)


def _marked(kept: Part, part: Part) -> Part:
    """With the caller's mark that the prompt up to here is to be cached."""
    if part.get("prompt_cache_breakpoint") is not None:
        kept["prompt_cache_breakpoint"] = part["prompt_cache_breakpoint"]
    return kept
