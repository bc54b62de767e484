"""Parts of a message that are no text: stored and inline files, pictures, sound.

Refusals as recorded (families chat completions and responses) for pictures and inline files. Unverified: the words for a
file id in another form and for one that does not exist. Nothing is ever downloaded: a picture's address is taken on
trust, unless its host is one that can hold no picture.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from support.simulator import documents, pictures
from support.simulator.language_model import Document
from support.simulator.openai import checks
from support.simulator.openai.errors import PICTURE_LIMITS, refusal
from support.simulator.openai.files import FileShelf

IMAGE_TOKENS = 765
LOW_DETAIL_TOKENS = 85
AUDIO_BYTES_A_TOKEN = 2_000

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_NO_PICTURE_HOSTS = ("example.com", "example.org", "example.net")
_NO_PICTURE_DOMAINS = (".invalid", ".test", ".example", ".localhost")


def document(shelf: FileShelf, holder: Mapping[str, Any], where: str, now: int) -> Document:
    """The file that a part names by `file_id` or carries as `file_data`; `where` is the part's path in the request."""
    file_id = holder.get("file_id")
    if file_id is not None:
        checks.expect(file_id, "string", f"{where}.file_id")
        return _stored(shelf, file_id, f"{where}.file_id", now)
    data = holder.get("file_data")
    if data is None:
        raise checks.missing(f"{where}.file_id")
    checks.expect(data, "string", f"{where}.file_data")
    return _inline(data, str(holder.get("filename") or "file"), f"{where}.file_data")


def _stored(shelf: FileShelf, file_id: str, param: str, now: int) -> Document:
    if not file_id.startswith("file-"):
        message = f"Invalid '{param}': '{file_id}'. Expected an ID that begins with 'file-'."
        raise refusal(400, message, param=param, code="invalid_value")
    file = shelf.get(file_id, now)
    if file is None:
        raise refusal(404, f"No such File object: {file_id}", param=param)
    text = file.read()
    if not text and not file.data.startswith(b"%PDF-"):
        message = "The file type you uploaded is not supported. Please try again with a pdf"
        raise refusal(400, message, param=param, code="unsupported_file")
    return Document(file.name, text)


def _inline(url: str, name: str, param: str) -> Document:
    mime, data = _data_url(url)
    if mime != "application/pdf" and not mime.startswith("text/") and mime != "application/json":
        got = f"unsupported MIME type '{mime}'" if mime else "a value that is no data URL"
        message = (
            f"Invalid file data: '{param}'. Expected a base64-encoded data URL with an application/pdf MIME type (e.g. "
            f"'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got {got}."
        )
        raise refusal(400, message, param=param, code="invalid_value")
    return Document(name, documents.text_of(_decoded(data), name, mime))


def image_seen(url: str) -> str:
    """What the toy model sees of a picture that came with the request."""
    return pictures.seen(_decoded(_data_url(url)[1])) if url.startswith("data:") else ""


def image_tokens(url: str, detail: str | None, where: str) -> int:
    """What a picture costs, whatever its size."""
    if url.startswith("data:"):
        _, data = _data_url(url)
        if not _decoded(data[:64]).startswith(_PICTURES):
            message = (
                "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
                "['png', 'jpeg', 'gif', 'webp']."
            )
            refused = refusal(400, message, code="invalid_image_format")
            refused.answer.headers.update(PICTURE_LIMITS)
            raise refused
    elif not url.startswith(("http://", "https://")):
        message = f"Invalid '{where}': expected a base64-encoded data URL or an http(s) URL, but got '{url[:40]}'."
        raise refusal(400, message, param=where, code="invalid_value")
    elif _holds_no_picture(url):
        raise refusal(400, f"Error while downloading {url}.", code="invalid_image_url")
    return LOW_DETAIL_TOKENS if detail == "low" else IMAGE_TOKENS


def audio_tokens(data: str) -> int:
    """What sound costs, by its size."""
    return 1 + len(data) * 3 // 4 // AUDIO_BYTES_A_TOKEN


def _holds_no_picture(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    return host in _NO_PICTURE_HOSTS or host.endswith(_NO_PICTURE_DOMAINS)


def _data_url(url: str) -> tuple[str, str]:
    """Media type and base64 of a data URL; ("", "") for anything else."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return "", ""
    return head[5:].partition(";")[0].lower(), data


def _decoded(data: str) -> bytes:
    """The bytes, as far as they are base64."""
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""
