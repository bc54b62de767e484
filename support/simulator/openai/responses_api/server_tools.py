"""The tools that the provider runs itself while it answers: searching vector stores, and running programs.

Recordings: file search in responses create and streaming. Unverified, for want of a recording: the results of a search, the code
interpreter altogether, and the words on a store or container that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from support.simulator import python_evaluator, reading, tokenizer
from support.simulator.language_model import Document
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import StoredFile
from support.simulator.openai.responses_api.containers import Container
from support.simulator.openai.responses_api.contents import Part
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.tool_settings import CodeInterpreter, FileSearch
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_stores import VectorStore

# Seconds, by the name under which a tenant can set its own.
DURATIONS = {"responses.file_search": 1.0, "responses.code_interpreter": 2.0}

LONGEST_QUERY = 400
"""Characters of a question that are searched for as they stand; of a longer one, the last sentence."""


@dataclass(slots=True)
class Passage:
    """What a search found."""

    file_id: str
    filename: str
    score: float
    text: str
    attributes: dict[str, object]


def seconds(durations: Mapping[str, float], name: str) -> float:
    return durations.get(name, DURATIONS[name])


# File search -------------------------------------------------------------------------------------------------------------


def stores(state: OpenAIState, settings: FileSearch, now: float) -> list[VectorStore]:
    """The stores to search. Raises a Refusal for one that is not there or has expired."""
    found = []
    for store_id in settings.store_ids:
        store = state.vector_stores.stores.get(store_id)
        if store is None:
            raise refusal(404, f"Vector store with id '{store_id}' not found.")
        if store.expired(now):
            raise refusal(400, f"Vector store {store_id} is expired.")
        found.append(store)
    return found


def query_of(question: str) -> str:
    """What is searched for."""
    question = question.strip()
    if len(question) <= LONGEST_QUERY:
        return question
    return next(reversed(reading.sentences(question)), question)[:LONGEST_QUERY]


def search(state: OpenAIState, settings: FileSearch, query: str, now: float) -> list[Passage]:
    """The passages nearest to the query, of all stores together, best first."""
    found: list[Passage] = []
    for store in stores(state, settings, now):
        store.forget_deleted(state.files, now)
        for hit in store.search([query], now, settings.most, settings.takes):
            file = store.files[hit.owner_id]
            found.append(Passage(file.id, file.name, hit.score, hit.text, file.attributes))
    found.sort(key=lambda passage: -passage.score)
    return [passage for passage in found if passage.score >= settings.threshold][: settings.most]


def search_call(item_id: str, query: str, passages: list[Passage]) -> Item:
    results = [
        {
            "attributes": passage.attributes,
            "file_id": passage.file_id,
            "filename": passage.filename,
            "score": passage.score,
            "text": passage.text,
        }
        for passage in passages
    ]
    return {"id": item_id, "type": "file_search_call", "status": "completed", "queries": [query], "results": results}


def documents(passages: list[Passage]) -> list[Document]:
    return [Document(passage.filename, passage.text) for passage in passages]


def tokens(passages: list[Passage]) -> int:
    """What the model reads of them."""
    return sum(tokenizer.count(passage.text) for passage in passages)


def citations(text: str, passages: list[Passage]) -> list[Part]:
    """The file whose words the answer uses, cited before the full stop at its end (recordings: file search)."""
    said = " ".join(text.split())
    for passage in passages:
        if said and said in " ".join(passage.text.split()):
            index = len(text) - 1 if text.endswith((".", "!", "?")) else len(text)
            cited = {"type": "file_citation", "file_id": passage.file_id, "filename": passage.filename, "index": index}
            return [cited]
    return []


# The code interpreter ----------------------------------------------------------------------------------------------------


def check_container(state: OpenAIState, settings: CodeInterpreter, now: float) -> list[StoredFile]:
    """The files that a new container is to hold. Raises a Refusal for a container or a file that is not there."""
    if settings.container_id is not None:
        if state.containers.get(settings.container_id, now) is None:
            raise no_such_container(settings.container_id)
        return []
    files = []
    for file_id in settings.file_ids:
        file = state.files.get(file_id, int(now))
        if file is None:
            raise refusal(404, f"No such File object: {file_id}", param="tools")
        files.append(file)
    return files


def no_such_container(container_id: str) -> Exception:
    return refusal(404, f"Container with id '{container_id}' not found.")


def _known_container(
    state: OpenAIState, settings: CodeInterpreter, context: list[Item], now: float
) -> Container | None:
    """The one that is named, or the one that the conversation last worked in."""
    wanted = settings.container_id
    if wanted is None:
        used = [item for item in context if item["type"] == "code_interpreter_call"]
        wanted = str(used[-1].get("container_id")) if used else None
    return None if wanted is None else state.containers.get(wanted, now)


def files_at_hand(state: OpenAIState, settings: CodeInterpreter, context: list[Item], now: float) -> dict[str, bytes]:
    """The files that a program would find, by name."""
    known = _known_container(state, settings, context, now)
    given = {file.name: file.data for file in check_container(state, settings, now)}
    return {**given, **(known.contents() if known else {})}


def container_for(state: OpenAIState, settings: CodeInterpreter, context: list[Item], now: float) -> Container:
    """The known one, or a new one."""
    files = check_container(state, settings, now)
    known = _known_container(state, settings, context, now)
    if known is None:
        return state.containers.add("auto", files, now, memory_limit=settings.memory_limit)
    for file in files:
        if file.name not in known.contents():
            known.put(file.name, file.data, "user", now)
    known.last_active_at = now
    return known


@dataclass(slots=True)
class Run:
    """A program that was run: what it printed and, where it stopped with an error, the traceback."""

    item: Item
    logs: str
    error: str | None
    files: list[Part]
    """What it wrote, as citations that stand nowhere in the text yet."""


def run(item_id: str, program: str, container: Container, now: float) -> Run:
    before = container.contents()
    ran = python_evaluator.run(program, before)
    written: list[Part] = []
    for name, data in ran.files.items():
        if before.get(name) != data:
            file = container.put(name, data, "assistant", now)
            written.append(
                {
                    "type": "container_file_citation",
                    "container_id": container.id,
                    "end_index": 0,
                    "file_id": file.id,
                    "filename": name,
                    "start_index": 0,
                }
            )
    error = ran.error or None
    logs = ran.stdout + (error or "")
    item = {
        "id": item_id,
        "type": "code_interpreter_call",
        "status": "completed",
        "code": program,
        "container_id": container.id,
        "outputs": [{"type": "logs", "logs": logs}] if logs else [],
    }
    return Run(item, logs, error, written)


def told(ran: Run) -> str:
    """What the model says of a run."""
    if ran.error is not None:
        last = ran.error.strip().splitlines()[-1]
        return f"The program stopped with an error: {last}"
    printed = ran.logs.strip()
    if not printed:
        return "The program ran and printed nothing."
    return f"The result is {printed}." if "\n" not in printed else f"The program printed:\n{printed}"
