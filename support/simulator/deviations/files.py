"""Deviations of stored files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from support.simulator.deviations import operators as do
from support.simulator.deviations import paging
from support.simulator.deviations.deviation import Deviation
from support.simulator.wire import Answer, Call, Handler, Json

UPLOAD, LIST, GET, DELETE = "files.upload", "files.list", "files.get", "files.delete"
RECORDS = (UPLOAD, LIST, GET)
USES = ("chat.create", "responses.create")

# The names of a file's fields (provider-facts 2.1, 2.2, 2.3)
ID = {"OpenAI": "id", "Anthropic": "id", "Gemini": "name"}
NAME = {"OpenAI": "filename", "Anthropic": "filename", "Gemini": "displayName"}
SIZE = {"OpenAI": "bytes", "Anthropic": "size_bytes", "Gemini": "sizeBytes"}
TYPE = {"Anthropic": "mime_type", "Gemini": "mimeType"}
CREATED = {"OpenAI": "created_at", "Anthropic": "created_at", "Gemini": "createTime"}


def _seven_more(old: Json, call: Call) -> Json:
    del call
    return str(int(old) + 7) if isinstance(old, str) else old + 7


def _now_like(old: Json, call: Call) -> Json:
    return int(call.now.timestamp()) if isinstance(old, int) else _rfc3339(call.now)


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _always(value: Json) -> Any:
    return lambda old, call: value


def _without_files(provider: str, body: Json) -> Json:
    """A question without the parts that refer to stored files (provider-facts 2.1, 2.2, 2.3)."""
    if not isinstance(body, dict):
        return body
    for list_name, parts_name in (("messages", "content"), ("input", "content"), ("contents", "parts")):
        turns = body.get(list_name)
        for turn in turns if isinstance(turns, list) else []:
            if isinstance(turn, dict) and isinstance(turn.get(parts_name), list):
                kept = [part for part in turn[parts_name] if not _refers_to_a_file(provider, part)]
                turn[parts_name] = kept
    return body


def _refers_to_a_file(provider: str, part: Json) -> bool:
    if not isinstance(part, dict):
        return False
    if provider == "OpenAI":
        return part.get("type") in ("file", "input_file")
    if provider == "Anthropic":
        source = part.get("source")
        return isinstance(source, dict) and source.get("type") == "file"
    return "fileData" in part or "file_data" in part


def _altered(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """A file's bytes come back with another one in their middle."""
    answer = handler(state, call)
    if not isinstance(answer.body, bytes) or not answer.body:
        return answer
    middle = len(answer.body) // 2
    memory.fired += 1
    body = answer.body[:middle] + bytes([answer.body[middle] ^ 1]) + answer.body[middle + 1 :]
    return replace(answer, body=body)


def files() -> list[Deviation]:
    """Of storing, finding and using files."""
    return [
        Deviation(
            "files.upload.size_off_by_n",
            "The stored size differs from the number of bytes that were sent.",
            RECORDS,
            do.rewrite(SIZE, _seven_more),
        ),
        Deviation(
            "files.content.altered",
            "A file's bytes come back changed.",
            ("files.content",),
            _altered,
            ("OpenAI",),
        ),
        Deviation(
            "files.upload.drops_filename",
            'Every file comes back under the name "upload".',
            RECORDS,
            do.rewrite(NAME, _always("upload")),
        ),
        Deviation(
            "files.upload.dedupe_by_hash",
            "A second upload of the same bytes answers the first file.",
            (UPLOAD,),
            do.answer_again(do.content_of),
        ),
        Deviation(
            "files.upload.third_fails_silently",
            "The third upload is acknowledged, but nothing is stored.",
            (UPLOAD,),
            do.on_a_copy(nth=3),
        ),
        Deviation(
            "files.upload.id_collision_under_load",
            "Uploads that overlap get the same id.",
            (UPLOAD,),
            do.answer_again(do.overlap_of, only=ID),
        ),
        Deviation(
            "files.mime.always_octet_stream",
            "Every file is reported as application/octet-stream.",
            RECORDS,
            do.rewrite(TYPE, _always("application/octet-stream")),
            ("Anthropic", "Gemini"),
        ),
        Deviation(
            "files.get.wrong_record",
            "A file's record answers that of another file.",
            (UPLOAD, GET),
            do.other_record(UPLOAD, ID),
        ),
        Deviation(
            "files.get.created_at_is_now",
            "A file's record answers the time of the read as its time of creation.",
            (GET,),
            do.rewrite(CREATED, _now_like),
        ),
        Deviation(
            "files.expiry.ignored",
            "An expiry is accepted, but the file has none.",
            RECORDS,
            do.by_provider(
                {
                    "OpenAI": do.ignore_parameter("expires_after["),
                    "Anthropic": do.ignore_parameter("expires_in_seconds"),
                    "Gemini": do.rewrite({"Gemini": "expirationTime"}, _always(do.DROP)),
                }
            ),
        ),
        Deviation(
            "files.delete.ghost_listed",
            "A deletion is acknowledged, but the file is still listed.",
            (LIST, DELETE),
            do.stale_read((LIST,), since=DELETE),
        ),
        Deviation(
            "files.delete.ghost_get",
            "A deletion is acknowledged, but the file can still be read.",
            (GET, DELETE),
            do.stale_read((GET,), since=DELETE),
        ),
        Deviation(
            "files.delete.idempotent_ok",
            "Deleting a deleted file succeeds again.",
            (DELETE,),
            do.answer_again(do.path_of, after_refusal=True),
        ),
        Deviation(
            "files.delete.takes_neighbour",
            "Deleting a file also removes the one that was uploaded next.",
            (UPLOAD, DELETE),
            do.also_next(UPLOAD, ID),
        ),
        Deviation(
            "files.purpose.accepts_anything",
            "An unknown purpose is stored and repeated instead of refused.",
            RECORDS,
            do.accept_value("purpose", "user_data"),
            ("OpenAI",),
        ),
        Deviation(
            "files.purpose.coerced",
            'Every file comes back with the purpose "assistants".',
            RECORDS,
            do.rewrite({"OpenAI": "purpose"}, _always("assistants")),
            ("OpenAI",),
        ),
        Deviation(
            "files.list.ignores_purpose",
            "A list that asks for one purpose answers every file.",
            (LIST,),
            do.ignore_parameter("purpose"),
            ("OpenAI",),
        ),
        Deviation(
            "files.list.pages_overlap",
            "The last file of a page is also the first of the next.",
            (LIST,),
            paging.pages_overlap(paging.FILES),
        ),
        Deviation(
            "files.list.drops_last_page",
            "A list ends one page early.",
            (LIST,),
            paging.end_early(paging.FILES),
        ),
        Deviation(
            "files.list.order_ignored",
            "A list that asks for the oldest first answers the newest first.",
            (LIST,),
            do.ignore_parameter("order"),
            ("OpenAI",),
        ),
        Deviation(
            "files.use.ignored",
            "The model never sees the files a question refers to.",
            USES,
            do.replace_body(_without_files),
        ),
        Deviation(
            "files.use_after_delete_ok",
            "A deleted file can still be used in a question.",
            (*USES, DELETE),
            do.stale_read(USES, since=DELETE),
        ),
    ]
