"""Files and vector stores for the tools: checked, made where that is asked for, attached (provider-facts 4.2; recordings: threads).

A store that is made for a thread expires seven days after anybody last used it. Unverified: all refusals, and that a file may be
attached to several tools at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from support.simulator.openai import checks, vector_store_requests
from support.simulator.openai.assistants_v2.access import no_such
from support.simulator.openai.assistants_v2.kept import Resources, Thread, Wire
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import StoredFile
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_stores import Chunking, VectorStore
from support.simulator.wire import Call, Refusal

MOST_CODE_FILES = 20
MOST_STORE_FILES = 10_000
THREAD_STORE_DAYS = 7
TOOLS = ("code_interpreter", "file_search")


def read(state: OpenAIState, call: Call, given: Any, where: str, before: Resources, *, of_thread: bool) -> Resources:
    """The resources that the request asks for; of a tool that it leaves out, those from before."""
    if given is None:
        return before
    checks.expect(given, "object", where)
    checks.check(given, {tool: Rule("object") for tool in TOOLS}, f"{where}.")
    code, search = (given.get(tool) for tool in TOOLS)
    made = Resources(list(before.code_files), list(before.store_ids), set(before.named))
    if code is not None:
        checks.check(code, {"file_ids": Rule("array")}, f"{where}.code_interpreter.")
        path = f"{where}.code_interpreter.file_ids"
        wanted = vector_store_requests.file_ids(code.get("file_ids") or [], path, MOST_CODE_FILES)
        made.code_files = [file.id for file in files(state, call, wanted)]
        made.named.add("code_interpreter")
    if search is not None:
        made.store_ids = _stores(state, call, search, f"{where}.file_search", of_thread=of_thread)
        made.named.add("file_search")
    return made


def files(state: OpenAIState, call: Call, file_ids: Iterable[str]) -> list[StoredFile]:
    """The account's files of these ids. Raises a Refusal for the first that is not there."""
    found = []
    for file_id in dict.fromkeys(file_ids):
        file = state.files.get(file_id, int(call.now.timestamp()))
        if file is None:
            raise no_such("file", file_id)
        found.append(file)
    return found


def _stores(state: OpenAIState, call: Call, given: Wire, where: str, *, of_thread: bool) -> list[str]:
    checks.check(given, {"vector_store_ids": Rule("array"), "vector_stores": Rule("array")}, f"{where}.")
    known, wanted = given.get("vector_store_ids"), given.get("vector_stores")
    if known and wanted:
        message = f"You can only specify one of 'vector_store_ids' and 'vector_stores' in '{where}'."
        raise refusal(400, message, param=where)
    for name, several in (("vector_store_ids", known), ("vector_stores", wanted)):
        if several is not None and len(several) > 1:
            raise checks.too_long_array(f"{where}.{name}", len(several), 1)
    if wanted:
        return [_made(state, call, wanted[0], f"{where}.vector_stores[0]", of_thread=of_thread).id]
    for number, store_id in enumerate(known or ()):
        checks.expect(store_id, "string", f"{where}.vector_store_ids[{number}]")
        if store_id not in state.vector_stores.stores:
            raise _no_such_store(store_id)
    return list(known or ())


def _no_such_store(store_id: str) -> Refusal:
    return refusal(404, f"Vector store with id '{store_id}' not found.")


def _made(state: OpenAIState, call: Call, given: Any, where: str, *, of_thread: bool) -> VectorStore:
    """A new store with the files that it is to hold."""
    checks.expect(given, "object", where)
    rules = {"file_ids": Rule("array"), "chunking_strategy": Rule("any"), "metadata": Rule("any")}
    checks.check(given, rules, f"{where}.")
    chunking = vector_store_requests.chunking(given.get("chunking_strategy"), f"{where}.chunking_strategy")
    metadata = vector_store_requests.metadata(given.get("metadata"), f"{where}.metadata")
    wanted = vector_store_requests.file_ids(given.get("file_ids") or [], f"{where}.file_ids", MOST_STORE_FILES)
    held = files(state, call, wanted)
    store = _new_store(state, call, metadata, of_thread=of_thread)
    for file in held:
        store.attach(file, call.now.timestamp(), chunking, {}, call.durations)
    return store


def _new_store(state: OpenAIState, call: Call, metadata: dict[str, str], *, of_thread: bool) -> VectorStore:
    return state.vector_stores.add(
        call.now.timestamp(),
        name=None,
        description=None,
        expires_after_days=THREAD_STORE_DAYS if of_thread else None,
        metadata=metadata,
    )


# Attachments --------------------------------------------------------------------------------------------------------


def attachments(given: Any, where: str) -> list[Wire]:
    """A message's attachments, checked but for whether the files are there."""
    if given is None:
        return []
    checks.expect(given, "array", where)
    found: list[Wire] = []
    for number, attachment in enumerate(given):
        at = f"{where}[{number}]"
        checks.expect(attachment, "object", at)
        checks.check(attachment, {"file_id": Rule("string"), "tools": Rule("array")}, f"{at}.")
        if attachment.get("file_id") is None:
            raise checks.missing(f"{at}.file_id")
        tools = [_tool(tool, f"{at}.tools[{place}]") for place, tool in enumerate(attachment.get("tools") or ())]
        found.append({"file_id": attachment["file_id"], "tools": tools})
    return found


def _tool(given: Any, where: str) -> Wire:
    checks.expect(given, "object", where)
    kind = given.get("type")
    if kind not in TOOLS:
        raise checks.missing(f"{where}.type") if kind is None else checks.invalid_value(kind, TOOLS, f"{where}.type")
    return {"type": kind}


def attach(state: OpenAIState, call: Call, thread: Thread, attached: list[Wire]) -> None:
    """Give a message's files to its thread: to the interpreter, or into the thread's store, which is made where there is none."""
    for attachment in attached:
        (file,) = files(state, call, [attachment["file_id"]])
        for tool in attachment["tools"]:
            resources = thread.resources
            resources.named.add(tool["type"])
            if tool["type"] == "code_interpreter":
                if file.id not in resources.code_files:
                    resources.code_files.append(file.id)
                continue
            stores = state.vector_stores.stores
            if not resources.store_ids or resources.store_ids[0] not in stores:
                resources.store_ids = [_new_store(state, call, {}, of_thread=True).id]
            stores[resources.store_ids[0]].attach(file, call.now.timestamp(), Chunking(), {}, call.durations)
