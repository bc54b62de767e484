"""The ids of a batch that were seen: as a set would have it, in a tenth of the memory."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.gateway import batch_checks
from support.gateway.batch_checks import Ids


@settings(deadline=None)
@given(st.lists(st.text(max_size=8), max_size=60))
def test_an_id_is_new_once(ids: list[str]) -> None:
    seen, known = Ids(), set[str]()
    for one in ids:
        assert seen.add(one) is (one not in known)
        known.add(one)


def test_the_end_of_one_and_the_beginning_of_the_next_are_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_checks, "PLACES", 1)  # all in one row, so that they lie side by side
    seen = Ids()
    ids = [f"id-{number}" for number in range(3000)]
    assert all(seen.add(one) for one in ids)
    assert not any(seen.add(one) for one in ids)
    assert all(seen.add(f"other-{number}") for number in range(3000))


def test_a_hundred_thousand_take_a_megabyte_or_two() -> None:
    tracemalloc.start()
    try:
        seen = Ids()
        for number in range(100_000):
            seen.add(f"question-{number}")
        assert tracemalloc.get_traced_memory()[0] < 2 * 2**20
    finally:
        tracemalloc.stop()
