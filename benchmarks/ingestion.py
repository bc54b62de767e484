"""1,000 documents into one vector store: the time of one among the last hundred beside one among the first hundred.

The last hundred of one store and the first hundred of another go in turn, in simulators of their own. A document is
uploaded, attached, and asked for once when the clock has passed its indexing; moving the clock is not timed.
"""

import statistics
import time
from contextlib import ExitStack

from benchmarks.account import Account, account
from benchmarks.report import Figure
from benchmarks.simulator_start import simulator
from support.values import Provider

DOCUMENTS, HUNDRED = 1_000, 100
ROUNDS = 5
PARTS = ("upload", "attach", "ask whether it is done")
_LINE = "Chapter {number} of the handbook tells of pumps, valves and the people who look after them.\n"


class _Store:
    """One vector store of an account; `ingest` gives the seconds of each of PARTS."""

    def __init__(self, http: Account) -> None:
        self._account = http
        made = http.http.post("/v1/vector_stores", json={}).raise_for_status()
        self._path = f"/v1/vector_stores/{made.json()['id']}/files"
        self._number = 0

    def ingest(self) -> tuple[float, ...]:
        self._number += 1
        http = self._account.http
        file = {"file": (f"{self._number}.txt", _LINE.format(number=self._number).encode() * 20)}
        moments = [time.perf_counter()]
        file_id = http.post("/v1/files", data={"purpose": "assistants"}, files=file).raise_for_status().json()["id"]
        moments.append(time.perf_counter())
        http.post(self._path, json={"file_id": file_id}).raise_for_status()
        moments.append(time.perf_counter())
        self._account.advance(60)
        began = time.perf_counter()
        status = http.get(f"{self._path}/{file_id}").raise_for_status().json()["status"]
        asking = time.perf_counter() - began
        if status != "completed":
            raise RuntimeError(f"Document {self._number} is {status} after its time.")
        return moments[1] - moments[0], moments[2] - moments[1], asking


def measure() -> list[Figure]:
    first: list[tuple[float, ...]] = []
    last: list[tuple[float, ...]] = []
    with ExitStack() as running:
        urls = [running.enter_context(simulator())[1] for _ in range(2)]
        for number in range(ROUNDS + 1):
            with account(urls[0], Provider.OPENAI) as full, account(urls[1], Provider.OPENAI) as fresh:
                filled, begun = _Store(full), _Store(fresh)
                for _ in range(DOCUMENTS - HUNDRED):
                    filled.ingest()
                turn = [(filled, last), (begun, first)]
                for _ in range(HUNDRED):
                    for store, kept in turn:
                        kept.append(store.ingest())
                    turn.reverse()  # nobody always comes second
                if not number:  # the first round warms both simulators up
                    last.clear()
                    first.clear()
    beside = f"last hundred of {DOCUMENTS:,} beside the first (p50 of {ROUNDS * HUNDRED}, ms)"

    def median(times: list[tuple[float, ...]], part: slice) -> float:
        return statistics.median(sum(one[part]) for one in times) * 1000

    whole = slice(None)
    return [
        Figure(f"a document into a store, {beside}", median(last, whole), median(first, whole), 1.3, "at most"),
        *(
            Figure(f"  {name}", median(last, slice(n, n + 1)), median(first, slice(n, n + 1)), None, "at most")
            for n, name in enumerate(PARTS)
        ),
    ]
