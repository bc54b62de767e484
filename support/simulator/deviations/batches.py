"""Deviations of batches: how many requests one takes, what is told of its progress, how it ends, and what is in its results.

What a provider has not cannot go wrong there: Anthropic and Gemini tell no progress, Gemini sets no limit to the number of
requests, and Anthropic alone is particular about their ids. Nobody sends Anthropic the 100,001 requests that would show
its limit: for as many a run would have to set more money aside than it has.
"""

from __future__ import annotations

import copy
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias, cast

from pydantic_core import from_json, to_json

from support.simulator import batching
from support.simulator.anthropic import batch_requests as anthropic_requests
from support.simulator.anthropic.batches import Batch as AnthropicBatch
from support.simulator.anthropic.batches import Stage as AnthropicStage
from support.simulator.deviations import operators as do
from support.simulator.deviations.deviation import Deviation
from support.simulator.gemini.batch_results import CANCELLED
from support.simulator.gemini.batch_results import Lines as GeminiLines
from support.simulator.gemini.batches import WINDOW as GEMINI_WINDOW
from support.simulator.gemini.batches import Batch as GeminiBatch
from support.simulator.gemini.batches import Stage as GeminiStage
from support.simulator.openai import batch_lines as openai_lines
from support.simulator.openai.batch_results import Lines as OpenAILines
from support.simulator.openai.batches import Batch as OpenAIBatch
from support.simulator.openai.batches import Stage as OpenAIStage
from support.simulator.wire import Answer, Call, Handler, Json

CREATE, GET, LIST, CANCEL = "batches.create", "batches.get", "batches.list", "batches.cancel"
RESULTS, CONTENT, MEDIA = "batches.results", "files.content", "files.media"
READS = (RESULTS, CONTENT, MEDIA, GET, LIST)
"""Where results are read: in files, as an answer of their own, and in Gemini's record of a batch."""

WITH_A_TOTAL = ("OpenAI", "Anthropic")
OPENAI, ANTHROPIC = ("OpenAI",), ("Anthropic",)
SECOND = timedelta(seconds=1)
_WITH_BLANKS = re.compile(r"[a-zA-Z0-9_ -]{1,64}")
_IDS = {"OpenAI": "custom_id", "Anthropic": "custom_id"}

Results: TypeAlias = list[Json]
Change: TypeAlias = Callable[[str, Any, Results], Results]
"""Given a provider, a batch and its results as they are told: those that are told instead."""


def batches() -> list[Deviation]:
    """Of batches."""
    return [*_making(), *_counting(), *_ending(), *_telling()]


# Making one ---------------------------------------------------------------------------------------------------------


def _one_more(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    most = call.limits.get(batching.MOST, openai_lines.MOST_REQUESTS)
    answer = handler(state, replace(call, limits={**call.limits, batching.MOST: most + 1}))
    memory.fired += _asked_for(state, call) == most + 1
    return answer


def _asked_for(state: Any, call: Call) -> int:
    """How many requests a new batch has."""
    file = state.files.get(call.body["input_file_id"], int(call.now.timestamp()))
    return 0 if file is None else sum(1 for _ in batching.lines_of(file.data))


def _blanks_accepted(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    honest = anthropic_requests.ID
    setattr(anthropic_requests, "ID", _WITH_BLANKS)  # noqa: B010
    try:
        answer = handler(state, call)
    finally:
        setattr(anthropic_requests, "ID", honest)  # noqa: B010
    memory.fired += any(not honest.fullmatch(request["custom_id"]) for request in call.body["requests"])
    return answer


def _making() -> list[Deviation]:
    return [
        Deviation(
            "batch.accepts_oversize",
            "A batch may have one request more than the limit.",
            (CREATE,),
            _one_more,
            OPENAI,
        ),
        Deviation(
            "batch.accepts_bad_custom_id",
            "A custom_id may have blanks in it.",
            (CREATE,),
            _blanks_accepted,
            ANTHROPIC,
        ),
    ]


# Counting -----------------------------------------------------------------------------------------------------------


def _records(body: Json) -> list[dict[str, Json]]:
    """The batches in an answer."""
    several = body.get("operations") if isinstance(body, dict) else None
    return do.objects_of(body) if several is None else several


def _failed_as_done(provider: str, body: Json, call: Call) -> None:
    del call
    for record in _records(body):
        if provider == "Gemini":
            stats = record.get("metadata", {}).get("batchStats", {})
            if "failedRequestCount" in stats:
                both = int(stats.pop("failedRequestCount")) + int(stats.get("successfulRequestCount", 0))
                stats["successfulRequestCount"] = str(both)
            continue
        counts = record["request_counts"]
        done, failed = ("completed", "failed") if provider == "OpenAI" else ("succeeded", "errored")
        counts[done] += counts[failed]
        counts[failed] = 0


def _as_polled(tell: Callable[[do.Memory, str, dict[str, Json]], bool]) -> do.Operator:
    """Change what is told of each batch, in place, by what was told before; `tell` says whether it did."""

    def operator(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(state, call)
        body = copy.deepcopy(answer.body)
        changed = [tell(memory, call.provider, record) for record in _records(body)]
        if not any(changed):
            return answer
        memory.fired += 1
        return replace(answer, body=body)

    return operator


def _less_than_before(memory: do.Memory, provider: str, record: dict[str, Json]) -> bool:
    """Every other time, as long as it is at work."""
    del provider
    counts = record["request_counts"]
    if record["status"] not in ("in_progress", "finalizing"):
        return False
    told: int = memory.things.pop(record["id"], 0)
    if told:
        counts["completed"] = told - 1
        return True
    memory.things[record["id"]] = counts["completed"]
    return False


def _another_total(memory: do.Memory, provider: str, record: dict[str, Json]) -> bool:
    """One more, every other time."""
    counts = record["request_counts"]
    if not any(counts.values()):
        return False
    is_honest = memory.things[record["id"]] = not memory.things.get(record["id"], False)
    if is_honest:
        return False
    if provider == "OpenAI":
        counts["total"] += 1
    else:
        counts["processing" if counts["processing"] else "succeeded"] += 1
    return True


def _counting() -> list[Deviation]:
    return [
        Deviation(
            "batch.counts_disagree_with_files",
            "Requests that failed are counted among those that succeeded, though the results tell which they are.",
            (CREATE, GET, LIST, CANCEL),
            do.change_answer(_failed_as_done),
        ),
        Deviation(
            "batch.progress_goes_back",
            "Every other time that a batch at work is asked for, fewer of its requests are done than the time before.",
            (GET, LIST),
            _as_polled(_less_than_before),
            OPENAI,
        ),
        Deviation(
            "batch.total_changes",
            "Every other time that a batch is asked for, it has one request more.",
            (GET, LIST),
            _as_polled(_another_total),
            WITH_A_TOTAL,
        ),
    ]


# Ending -------------------------------------------------------------------------------------------------------------


class _PatientOpenAI(OpenAIBatch):
    """One that stands, when it would have expired, as it stood a second before that."""

    __slots__ = ()

    def stage(self, now: float) -> OpenAIStage:
        return super().stage(self.expires - 1 if self.has_outlived(now) else now)

    def has_outlived(self, now: float) -> bool:
        return super().stage(now).status == "expired"


class _PatientAnthropic(AnthropicBatch):
    """The same."""

    __slots__ = ()

    def stage(self, now: datetime) -> AnthropicStage:
        return super().stage(self.expires - SECOND if self.has_outlived(now) else now)

    def has_outlived(self, now: datetime) -> bool:
        found = super().stage(now)
        return found.status == "ended" and found.rest == "expired" and found.done < self.total


class _PatientGemini(GeminiBatch):
    """The same."""

    __slots__ = ()

    def stage(self, now: datetime) -> GeminiStage:
        return super().stage(self.created + GEMINI_WINDOW - SECOND if self.has_outlived(now) else now)

    def has_outlived(self, now: datetime) -> bool:
        return super().stage(now).state == "EXPIRED"


_PATIENT: dict[str, type[Any]] = {"OpenAI": _PatientOpenAI, "Anthropic": _PatientAnthropic, "Gemini": _PatientGemini}


def _never_expiring(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """Batches are made so that they do not expire; one that outlives its time counts, once."""
    answer = handler(state, call)
    kind, held = _PATIENT[call.provider], state.batches.by_id
    if call.operation == CREATE:
        made = next(reversed(held.values()))
        held[made.id] = kind(**{part.name: getattr(made, part.name) for part in fields(made)})
    counted: set[str] = memory.things.setdefault("outlived", set())
    now = call.now.timestamp() if call.provider == "OpenAI" else call.now
    for batch in held.values():
        if isinstance(batch, kind) and batch.id not in counted and batch.has_outlived(now):
            counted.add(batch.id)
            memory.fired += 1
    return answer


def _finished_lost(provider: str, batch: Any, results: Results) -> Results:
    if batch.cancelled is None:
        return results
    return [result for result in results if not _ran(provider, result)]


def _ending() -> list[Deviation]:
    return [
        Deviation(
            "batch.cancel_leaves_running",
            "A batch that is cancelled goes on, and completes.",
            (CANCEL,),
            do.on_a_copy(),
        ),
        Deviation(
            "batch.cancel_loses_finished",
            "What was done before a batch was cancelled is missing in its results.",
            READS,
            _in_results(_finished_lost),
        ),
        Deviation(
            "batch.never_expires",
            "A batch that is not done when its time is over stays at work.",
            (CREATE, GET, LIST, CANCEL),
            _never_expiring,
        ),
    ]


# Telling results ----------------------------------------------------------------------------------------------------


def _in_results(change: Change) -> do.Operator:
    """Change a batch's results wherever they are read; the change counts once for each reading."""

    def operator(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(state, call)
        if answer.events is not None:
            batch = _behind(state, call)
            if batch is None:
                return answer
            events = cast(AsyncIterator[bytes], answer.events)
            return replace(answer, events=_changed_lines(memory, call.provider, batch, events, change))
        if call.provider != "Gemini" or call.operation not in (GET, LIST):
            return answer
        body = copy.deepcopy(answer.body)
        changed = [_changed_inline(state, record, change) for record in _records(body)]
        if not any(changed):
            return answer
        memory.fired += 1
        return replace(answer, body=body)

    return operator


def _behind(state: Any, call: Call) -> Any:
    """The batch whose results are read; None where something else is."""
    if call.provider == "Anthropic":
        return state.batches.by_id[call.params["batch_id"]]
    if call.provider == "OpenAI":
        file = state.files.get(call.params["file_id"], int(call.now.timestamp()))
    else:
        file = state.files.find(call.params["file"], call.now)
    return file.made.batch if isinstance(file.made, OpenAILines | GeminiLines) else None


async def _changed_lines(
    memory: do.Memory, provider: str, batch: Any, events: AsyncIterator[bytes], change: Change
) -> AsyncIterator[bytes]:
    lines = [line async for line in events]
    honest = [from_json(line) for line in lines]
    told = change(provider, batch, copy.deepcopy(honest))
    if told == honest:
        for line in lines:
            yield line
        return
    memory.fired += 1
    for result in told:
        yield to_json(result) + b"\n"


def _changed_inline(state: Any, record: dict[str, Json], change: Change) -> bool:
    """Whether what a record of Gemini's tells has been changed: it stands there twice."""
    batch = state.batches.by_id.get(str(record.get("name")).removeprefix("batches/"))
    places = [record.get("metadata", {}).get("output", {}), record.get("response", {})]
    outer = [place["inlinedResponses"] for place in places if "inlinedResponses" in place]
    if batch is None or not outer:
        return False
    honest = outer[0]["inlinedResponses"]
    told = change("Gemini", batch, copy.deepcopy(honest))
    for place in outer:
        place["inlinedResponses"] = told
    return bool(told != honest)


def _succeeded(provider: str, result: Json) -> bool:
    if provider == "OpenAI":
        return bool(result["response"] and result["response"]["status_code"] == 200)
    return bool(result["result"]["type"] == "succeeded" if provider == "Anthropic" else "response" in result)


def _ran(provider: str, result: Json) -> bool:
    if provider == "OpenAI":
        return bool(result["response"])
    if provider == "Anthropic":
        return result["result"]["type"] in ("succeeded", "errored")
    return bool(result.get("error") != CANCELLED)


def _answers(provider: str, results: Results) -> list[int]:
    """Where in the results the answers are."""
    return [number for number, result in enumerate(results) if _succeeded(provider, result)]


def _usage_gone(provider: str, batch: Any, results: Results) -> Results:
    del batch
    for number in _answers(provider, results):
        if provider == "OpenAI":
            results[number]["response"]["body"].pop("usage", None)
        elif provider == "Anthropic":
            results[number]["result"]["message"].pop("usage", None)
        else:
            for name in ("usageMetadata", "tokenCount"):
                results[number]["response"].pop(name, None)
    return results


def _one_missing(provider: str, batch: Any, results: Results) -> Results:
    del batch
    for number in _answers(provider, results)[:1]:
        del results[number]
    return results


def _two_swapped(provider: str, batch: Any, results: Results) -> Results:
    """The first two answers: each with the other's id, or in the other's place where they may have none."""
    del batch
    answers = _answers(provider, results)[:2]
    if len(answers) == 2:
        first, second = (results[number] for number in answers)
        name = _IDS.get(provider, "response")
        first[name], second[name] = second[name], first[name]
    return results


def _telling() -> list[Deviation]:
    return [
        Deviation(
            "batch.usage_missing",
            "The answers in a batch's results have no usage.",
            READS,
            _in_results(_usage_gone),
        ),
        Deviation(
            "batch.output_shuffled_breaks_match",
            "Two answers in a batch's results have each other's id.",
            READS,
            _in_results(_two_swapped),
        ),
        Deviation(
            "batch.output_line_missing",
            "One answer is missing in a batch's results.",
            READS,
            _in_results(_one_missing),
        ),
    ]
