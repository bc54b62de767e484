"""A search over 100,000 chunks of a vector store beside numpy's own product of as many vectors, and what a chunk takes.

The chunks come over HTTP: 1,000 documents of 100 chunks each, the shortest chunks that can be asked for. The account's
files are stored before memory is measured: they are no part of what a chunk takes.
"""

import random
import statistics
from collections.abc import Iterator
from itertools import count

import numpy as np

from benchmarks.account import Account, account, timed
from benchmarks.report import Figure
from benchmarks.simulator_start import resident_kb, simulator
from support.values import Provider

DOCUMENTS, CHUNKS_EACH, CHUNK_TOKENS = 1_000, 100, 100
CHUNKS = DOCUMENTS * CHUNKS_EACH
TOGETHER = 100
"""Documents that are attached, and indexed, at once."""
DIMENSIONS = 1_536
ROUNDS = 50
WARM_UP = 5
PAUSE = 0.1
"""Seconds before each timed call: numpy's threads go on spinning for a while after a product."""
CHUNK_OVERHEAD = 1_024
"""Bytes that the store's usage counts for a chunk beside the document's text."""
_STATIC = {"max_chunk_size_tokens": CHUNK_TOKENS, "chunk_overlap_tokens": 0}


def _vocabulary() -> list[str]:
    """4,000 words that are one token each."""
    letters = random.Random(1)

    def word() -> str:
        syllables = letters.randint(1, 3)
        return "".join(letters.choice("bcdfghklmnprst") + letters.choice("aeiou") for _ in range(syllables))

    return [word() for _ in range(4_000)]


def _document(number: int, words: list[str]) -> str:
    return " ".join(random.Random(number).choices(words, k=CHUNKS_EACH * CHUNK_TOKENS))


def _search(store: Account, path: str, query: str) -> list[dict[str, object]]:
    found = store.http.post(f"{path}/search", json={"query": query}).raise_for_status().json()
    return list(found["data"])


def _upload(store: Account, name: str, text: str) -> str:
    file = {"file": (name, text.encode())}
    made = store.http.post("/v1/files", data={"purpose": "assistants"}, files=file).raise_for_status()
    return str(made.json()["id"])


def _store(store: Account) -> str:
    """Where a new vector store is."""
    return f"/v1/vector_stores/{store.http.post('/v1/vector_stores', json={}).raise_for_status().json()['id']}"


def _fill(store: Account, path: str, file_ids: list[str]) -> None:
    """Attach documents, let them be indexed, and search once: the simulator makes vectors when they are first needed."""
    for begin in range(0, len(file_ids), TOGETHER):
        batch = {
            "file_ids": file_ids[begin : begin + TOGETHER],
            "chunking_strategy": {"type": "static", "static": _STATIC},
        }
        store.http.post(f"{path}/file_batches", json=batch).raise_for_status()
        store.advance(3_600)
        _search(store, path, "anything")


def _check(store: Account, path: str, text: str, file_id: str) -> None:
    """The store has all chunks, and finds the one that is asked for by its own words."""
    shown = store.http.get(path).raise_for_status().json()
    if shown["file_counts"]["completed"] != DOCUMENTS:
        raise RuntimeError(f"Not all documents were indexed: {shown['file_counts']}.")
    words = text.split()
    hits = _search(store, path, " ".join(words[-CHUNK_TOKENS:]))
    if hits[0]["file_id"] != file_id or float(str(hits[0]["score"])) < 0.99:
        raise RuntimeError(f"The search did not find a chunk by its words: {hits[0]}.")


def measure() -> list[Figure]:
    words = _vocabulary()
    with simulator() as (pid, url, _), account(url, Provider.OPENAI) as store:
        warm = _store(store)
        _fill(store, warm, [_upload(store, "warm.txt", _document(DOCUMENTS, words))])
        file_ids, size = [], 0
        for number in range(DOCUMENTS):
            text = _document(number, words)
            size += len(text)
            file_ids.append(_upload(store, f"{number}.txt", text))
        path = _store(store)
        before = resident_kb(pid)
        _fill(store, path, file_ids)
        grown = (resident_kb(pid) - before) * 1024 / CHUNKS
        usage = store.http.get(path).raise_for_status().json()["usage_bytes"]
        if usage != size + CHUNK_OVERHEAD * CHUNKS:
            raise RuntimeError(f"The store has {(usage - size) / CHUNK_OVERHEAD:,.0f} chunks, not {CHUNKS:,}.")
        _check(store, path, text, file_ids[-1])

        vectors = np.random.default_rng(1).standard_normal((CHUNKS, DIMENSIONS), dtype=np.float32)
        vector = vectors[0].copy()
        queries: Iterator[str] = (" ".join(random.Random(-number).choices(words, k=8)) for number in count(1))
        calls = [lambda: _search(store, path, next(queries)), lambda: vectors @ vector]
        timed(calls, WARM_UP)
        ours, numpys = timed(calls, ROUNDS, PAUSE)
    return [
        Figure(
            f"search over {CHUNKS:,} chunks of a vector store, beside numpy's product (p50 of {ROUNDS}, ms)",
            statistics.median(ours) * 1000,
            statistics.median(numpys) * 1000,
            1.5,
            "at most",
        ),
        Figure(
            f"memory for each of {CHUNKS:,} chunks, beside its vector and text (bytes)",
            grown,
            DIMENSIONS * 4 + size / CHUNKS,
            1.3,
            "at most",
        ),
    ]
