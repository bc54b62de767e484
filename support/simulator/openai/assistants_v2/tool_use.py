"""The tools that a run uses by itself: running a program over attached files, searching vector stores. No HTTP here.

A file is found under its id, as recorded, and under its name. A search waits a minute at most for documents that are still being
indexed (the provider's guide). What a program writes becomes a file of the account, linked in what is said (unverified).
"""

from __future__ import annotations

from collections.abc import Iterable

from support.simulator import csv_programs, language_model, programs, python_evaluator
from support.simulator.language_model import Reply
from support.simulator.openai.assistants_v2.kept import Run, Thread, Wire
from support.simulator.openai.files import StoredFile
from support.simulator.openai.responses_api import server_tools
from support.simulator.openai.responses_api.server_tools import Passage
from support.simulator.openai.responses_api.tool_settings import FileSearch
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_stores import VectorStore

LONGEST_WAIT = 60
"""Seconds that a search waits for documents to be indexed."""
USUAL_RESULTS, USUAL_RESULTS_OLD = 20, 5
RANKER = "default_2024_08_21"
_FOLDER = "/mnt/data/"
_MESSAGE = 4
"""The first number of a citation's mark; always this where it was recorded."""

query_of = server_tools.query_of


# Programs -----------------------------------------------------------------------------------------------------------


def _code_files(state: OpenAIState, thread: Thread, run: Run, now: float) -> list[StoredFile]:
    """The files of the run's assistant and thread that exist."""
    assistant = state.assistants.assistants.get(run.assistant_id)
    ids = [*(assistant.resources.code_files if assistant else ()), *thread.resources.code_files]
    found = (state.files.get(file_id, int(now)) for file_id in dict.fromkeys(ids))
    return [file for file in found if file is not None]


def program_for(state: OpenAIState, thread: Thread, run: Run, asked: str, now: float) -> str | None:
    """The program that answers the question; None where it needs none."""
    files = {file.name: file.data for file in _code_files(state, thread, run, now)}
    return csv_programs.written_for(asked, files) or programs.written_for(asked, list(files))


def run_program(state: OpenAIState, thread: Thread, run: Run, described: Wire, now: float) -> list[tuple[str, str]]:
    """Run it and note what it printed; the files that it wrote, by name and id."""
    known: dict[str, bytes] = {}
    for file in _code_files(state, thread, run, now):
        known |= {file.name: file.data, file.id: file.data}
    ran = python_evaluator.run(described["input"], known)
    logs = ran.stdout + (ran.error or "")
    described["outputs"] = [{"type": "logs", "logs": logs}] if logs else []
    described["error"] = ran.error
    changed = {name: data for name, data in ran.files.items() if known.get(name) != data}
    return [(name, state.files.add(name, "assistants_output", data, int(now)).id) for name, data in changed.items()]


def told(described: Wire) -> str:
    """What the model says of a program."""
    logs = "".join(output["logs"] for output in described["outputs"])
    return server_tools.told(server_tools.Run({}, logs, described.get("error"), []))


def with_files(text: str, files: Iterable[tuple[str, str]], limit: int) -> tuple[Reply, list[Wire], list[Wire]]:
    """What is said, with links to what was written: the reply, its annotations, the message's attachments."""
    annotations: list[Wire] = []
    attachments: list[Wire] = []
    for name, file_id in files:
        link = f"sandbox:{_FOLDER}{name}"
        text += f"\n\n[{name}]("
        place = {"start_index": len(text), "end_index": len(text) + len(link)}
        annotations.append({"type": "file_path", "text": link, **place, "file_path": {"file_id": file_id}})
        attachments.append({"file_id": file_id, "tools": [{"type": "code_interpreter"}]})
        text += f"{link})"
    reply = language_model.ended(text, limit)
    return reply, _within(annotations, reply.text), attachments


# Searching ----------------------------------------------------------------------------------------------------------


def _stores(state: OpenAIState, thread: Thread, run: Run, now: float) -> list[VectorStore]:
    """The stores of the run's assistant and thread that can be searched."""
    assistant = state.assistants.assistants.get(run.assistant_id)
    ids = [*(assistant.resources.store_ids if assistant else ()), *thread.resources.store_ids]
    found = (state.vector_stores.stores.get(store_id) for store_id in dict.fromkeys(ids))
    return [store for store in found if store is not None and not store.expired(now)]


def ready_at(state: OpenAIState, thread: Thread, run: Run, now: float) -> float:
    """When all documents are indexed, or nobody waits for them any more."""
    working = [
        file.ready_at
        for store in _stores(state, thread, run, now)
        for file in store.files.values()
        if file.status(now) == "in_progress"
    ]
    return min(max([now, *working]), now + LONGEST_WAIT)


def _settings(run: Run) -> Wire:
    """The file search among the run's tools."""
    found: Wire = next(tool for tool in run.settings.tools if tool["type"] == "file_search")["file_search"]
    return found


def ranking(run: Run) -> Wire:
    """As a step shows it."""
    return {name: _settings(run)["ranking_options"][name] for name in ("ranker", "score_threshold")}


def search(state: OpenAIState, thread: Thread, run: Run, described: Wire, query: str, now: float) -> None:
    """Search and note what was found."""
    settings = _settings(run)
    usual = USUAL_RESULTS_OLD if run.settings.model.startswith("gpt-3.5") else USUAL_RESULTS
    store_ids = tuple(store.id for store in _stores(state, thread, run, now))
    wanted = FileSearch(store_ids, settings.get("max_num_results") or usual, ranking(run)["score_threshold"], None)
    described["results"] = [
        {
            "file_id": passage.file_id,
            "file_name": passage.filename,
            "score": passage.score,
            "attributes": passage.attributes,
            "content": [{"type": "text", "text": passage.text}],
        }
        for passage in server_tools.search(state, wanted, query, now)
    ]


def passages(described: Wire) -> list[Passage]:
    """What a search found, as it was noted."""
    return [
        Passage(one["file_id"], one["file_name"], one["score"], one["content"][0]["text"], one["attributes"])
        for one in described["results"]
    ]


def cited(reply: Reply, found: list[Passage], limit: int) -> tuple[Reply, list[Wire]]:
    """The reply with the mark of what it was taken from, and the citation (recordings: messages list, 2025-10)."""
    known = server_tools.citations(reply.text, found)
    if not known or reply.finish == "length":
        return reply, []
    at, file_id = known[0]["index"], known[0]["file_id"]
    number, passage = next((number, one) for number, one in enumerate(found) if one.file_id == file_id)
    mark = f"【{_MESSAGE}:{number}†{passage.filename}】"
    text = f"{reply.text[:at]}{mark}{reply.text[at:]}"
    annotation = {
        "type": "file_citation",
        "text": mark,
        "start_index": at,
        "end_index": at + len(mark),
        "file_citation": {"file_id": file_id},
    }
    marked = language_model.ended(text, limit)
    return marked, _within([annotation], marked.text)


def _within(annotations: list[Wire], text: str) -> list[Wire]:
    """Those whose place was not cut off."""
    return [annotation for annotation in annotations if annotation["end_index"] <= len(text)]
