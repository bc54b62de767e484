"""The simulator's vectors, passages and nearest neighbours, held against what numpy itself finds."""

from __future__ import annotations

import copy
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from support.simulator import passages, tokenizer
from support.simulator.embedder import embed
from support.simulator.nearest import BLOCK_ROWS, Hit, Index

ROOT = Path(__file__).resolve().parents[2]
RELATED = [
    ("How many days of paid leave do employees get?", "Employees receive 25 days of paid annual leave."),
    ("What is the capital of France?", "Paris is the capital city of France."),
    ("The cat sat on the mat.", "A cat was sitting on a mat."),
    ("Machine learning models", "Training a machine learning model"),
]
UNRELATED = ["Volcanoes erupt when magma rises.", "The recipe needs two eggs and flour.", "Quarterly revenue grew."]
TEXT = " ".join(f"Paragraph {number} tells of lighthouses, {number * 7} ships and the sea." for number in range(120))


def random_vectors(rows: int, dimensions: int = 32, seed: int = 1) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


# Vectors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [1, 2, 8, 128, 256, 768, 1536, 3072])
@pytest.mark.parametrize("text", ["", " ", "!?", "a", "the", "你好世界", "A lighthouse by the sea.", TEXT])
def test_a_vector_has_its_length_and_is_of_unit_length(text: str, dimensions: int) -> None:
    vector = embed(text, dimensions)
    assert (vector.shape, vector.dtype) == ((dimensions,), np.float32)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("dimensions", [256, 768, 1536, 3072])
def test_related_texts_are_nearer_than_others(dimensions: int) -> None:
    for left, right in RELATED:
        related = float(embed(left, dimensions) @ embed(right, dimensions))
        others = [float(embed(left, dimensions) @ embed(other, dimensions)) for other in UNRELATED]
        assert related - max(others) > 0.3


def test_a_text_is_nearest_to_itself_and_other_words_or_another_order_are_another_text() -> None:
    vector = embed("The ship left the harbour.", 1536)
    assert float(vector @ embed("The ship left the harbour.", 1536)) == pytest.approx(1, abs=1e-6)
    assert float(vector @ embed("The harbour left the ship.", 1536)) < 0.995
    assert float(vector @ embed("The ship left the port.", 1536)) < 0.9


def test_fewer_dimensions_are_the_beginning_of_more() -> None:
    long, short = embed(TEXT, 3072), embed(TEXT, 256)
    beginning = long[:256] / np.linalg.norm(long[:256])
    assert np.allclose(beginning, short, atol=1e-6)


def test_another_salt_is_another_model() -> None:
    assert abs(float(embed(TEXT, 1536, "small") @ embed(TEXT, 1536, "large"))) < 0.1


def test_another_process_finds_the_same_vector() -> None:
    program = "from support.simulator.embedder import embed; print(embed('A lighthouse.', 64, 'm').tobytes().hex())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert runs == [embed("A lighthouse.", 64, "m").tobytes().hex()] * 2


def test_the_simulator_starts_without_numpy() -> None:
    program = "import sys, support.simulator.server, support.simulator.openai; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "False"


# Passages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "overlap"), [(800, 400), (200, 50), (100, 0), (100, 50), (7, 3), (2, 1)])
@pytest.mark.parametrize("tokens", [1, 2, 3, 7, 99, 100, 101, 199, 200, 201, 350, 799, 800, 801, 1000, 1200, 1201])
def test_passages_overlap_and_are_the_whole_text(tokens: int, size: int, overlap: int) -> None:
    text = tokenizer.cut(TEXT, tokens)
    assert tokenizer.count(text) == tokens
    found = [tokenizer.split(chunk) for chunk in passages.chunks(text, size, overlap)]
    assert len(found) == max(1, ceil((tokens - overlap) / (size - overlap)))
    assert passages.how_many(tokens, size, overlap) == len(found)
    assert max(map(len, found)) <= size
    stitched = list(found[0])
    for before, chunk in pairwise(found):
        assert chunk[:overlap] == before[len(before) - overlap :]
        stitched += chunk[overlap:]
    assert "".join(stitched) == text


def test_nothing_has_no_passages_and_an_overlap_must_fit() -> None:
    assert (passages.chunks("", 100, 50), passages.how_many(0, 100, 50)) == ([], 0)
    with pytest.raises(ValueError, match="overlap of 100"):
        passages.chunks("text", 100, 100)


# Nearest ------------------------------------------------------------------------------------------------------------


def filled(owners: int, rows: int) -> tuple[Index, np.ndarray, list[tuple[str, int]]]:
    """An index with so many owners of so many rows each; the vectors, and whose each is."""
    vectors = random_vectors(owners * rows)
    index = Index()
    whose = [(f"o{owner}", row) for owner in range(owners) for row in range(rows)]
    for owner in range(owners):
        own = vectors[owner * rows : (owner + 1) * rows]
        index.add(f"o{owner}", own, [f"o{owner}/{row}" for row in range(rows)])
    return index, vectors, whose


def expected(vectors: np.ndarray, whose: list[tuple[str, int]], query: np.ndarray, top: int) -> list[tuple[str, int]]:
    return [whose[row] for row in np.argsort(-(vectors @ query), kind="stable")[:top]]


def places(hits: list[Hit]) -> list[tuple[str, int]]:
    assert [hit.text for hit in hits] == [f"{hit.owner_id}/{hit.number}" for hit in hits]
    return [(hit.owner_id, hit.number) for hit in hits]


@pytest.mark.parametrize(("owners", "rows"), [(1, 1), (3, 5), (700, 7), (2, BLOCK_ROWS), (3, BLOCK_ROWS + 1)])
def test_the_nearest_are_those_that_numpy_finds(owners: int, rows: int) -> None:
    index, vectors, whose = filled(owners, rows)
    assert len(index) == owners * rows
    for query in random_vectors(5, seed=2):
        hits = index.search(query, 10)
        assert places(hits) == expected(vectors, whose, query, 10)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def test_the_filter_comes_before_the_limit() -> None:
    index, vectors, whose = filled(1000, 7)
    wanted = {"o3", "o500", "o999", "nobody"}
    kept = [number for number, (owner, _) in enumerate(whose) if owner in wanted]
    query = random_vectors(1, seed=3)[0]
    found = expected(vectors[kept], [whose[number] for number in kept], query, 15)
    assert places(index.search(query, 15, wanted)) == found
    assert places(index.search(query, 15, lambda owner: owner in wanted)) == found
    assert index.search(query, 15, set()) == []


def test_removed_rows_are_found_no_more_and_their_room_is_used_again() -> None:
    index, vectors, whose = filled(1000, 7)
    gone = {f"o{number}" for number in range(0, 1000, 3)}
    for owner in gone:
        index.remove(owner)
        index.remove(owner)
    kept = [number for number, (owner, _) in enumerate(whose) if owner not in gone]
    query = random_vectors(1, seed=4)[0]
    assert len(index) == len(kept)
    assert places(index.search(query, 20)) == expected(vectors[kept], [whose[number] for number in kept], query, 20)
    long = random_vectors(50, seed=5)
    index.add("new", long, [f"new/{row}" for row in range(50)])
    whose = [whose[number] for number in kept] + [("new", row) for row in range(50)]
    found = expected(np.concatenate([vectors[kept], long]), whose, query, 20)
    assert places(index.search(query, 20)) == found
    assert "new" in index


def test_adding_again_replaces_and_an_empty_index_takes_other_lengths() -> None:
    index = Index()
    first, second = random_vectors(2)
    index.add("a", [first], ["a/0"])
    index.add("a", [second], ["a/0"])
    assert [hit.score for hit in index.search(second, 5)] == [pytest.approx(1)]
    index.remove("a")
    assert index.search(second, 5) == []
    index.add("a", random_vectors(3, 8), ["a/0", "a/1", "a/2"])
    assert len(index.search(random_vectors(1, 8)[0], 5)) == 3


def test_a_copy_and_its_original_change_apart() -> None:
    index, vectors, whose = filled(700, 7)
    query = random_vectors(1, seed=6)[0]
    before = places(index.search(query, 10))
    twin = copy.deepcopy(index)
    best = before[0][0]
    twin.remove(best)
    index.add("new", [query], ["new/0"])
    twin.add("other", [-query], ["other/0"])
    assert places(index.search(query, 10)) == [("new", 0), *before[:9]]
    kept = [number for number, (owner, _) in enumerate(whose) if owner != best]
    assert places(twin.search(query, 10)) == expected(vectors[kept], [whose[number] for number in kept], query, 10)
    assert ("other" in index, "new" in twin, best in index, best in twin) == (False, False, True, False)


def test_an_index_needs_little_more_memory_than_its_vectors() -> None:
    rows, dimensions = 12_000, 256
    vectors = random_vectors(rows, dimensions)
    texts = [str(row) for row in range(rows)]
    tracemalloc.start()
    try:
        index = Index()
        for start in range(0, rows, 10):
            index.add(f"o{start}", vectors[start : start + 10], texts[start : start + 10])
        taken = tracemalloc.get_traced_memory()[0]
        copy.deepcopy(index)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken / rows <= 1.3 * dimensions * 4
    assert peak - taken < taken / 10
