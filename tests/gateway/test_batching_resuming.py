"""Asked again: only what may succeed this time or was corrected, every id once in the end, and all attempts counted."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import (
    Expired,
    InvalidRequest,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
    TouchstoneError,
)
from support.gateway.batching import CallerBatch, RunJournal, merged, resume, to_send
from support.gateway.clock import WallClock
from support.values import BatchItem, BatchRequest, ItemStatus
from tests.gateway.batch_asks import Counterpart, answer, refused, request, requests

pytestmark = pytest.mark.anyio


def item(
    id: str, status: ItemStatus = "succeeded", error: TouchstoneError | None = None, *, attempts: int = 1
) -> BatchItem:
    made = answer(request(id)) if status == "succeeded" else None
    cost = Decimal(1) if status == "succeeded" else Decimal(0)
    return BatchItem(id=id, status=status, answer=made, error=error, cost_usd=cost, attempts=attempts, kind="provider")


def ten() -> list[BatchItem]:
    """What a provider's batch left: seven answers, one expired, one broken, one refused."""
    items = [item(f"r{number}") for number in range(10)]
    items[2] = item("r2", "expired", Expired("over"))
    items[5] = item("r5", "failed", ServerError("broken", status=500))
    items[8] = item("r8", "failed", InvalidRequest("no", status=400))
    return items


def asking_again(side: Counterpart, journal: RunJournal | None = None) -> "AskAgain":
    return AskAgain(side, journal)


class AskAgain:
    """Asks by a run of the caller's."""

    def __init__(self, side: Counterpart, journal: RunJournal | None) -> None:
        self.side = side
        self.journal = journal

    def __call__(self, chosen: Sequence[BatchRequest]) -> AsyncIterator[BatchItem]:
        return CallerBatch(self.side.ask, chosen, clock=WallClock(), journal=self.journal).__aiter__()


async def test_only_what_may_succeed_is_sent_again() -> None:
    side = Counterpart()
    outcome = await resume(ten(), requests(10), asking_again(side))
    assert side.asked == ["r2", "r5"]
    assert [one.id for one in outcome.items] == [f"r{number}" for number in range(10)]
    assert outcome.by_kind == {"invalid_request": 1}
    assert [one.attempts for one in outcome.items] == [1, 1, 2, 1, 1, 2, 1, 1, 1, 1]
    assert [one.kind for one in outcome.items].count("provider") == 8


async def test_a_corrected_request_is_sent_in_its_new_form() -> None:
    side = Counterpart()
    better = request("r8", "gpt-4.1")
    outcome = await resume(ten(), requests(10), asking_again(side), corrected=[better])
    assert side.asked == ["r2", "r5", "r8"]
    assert len(outcome.succeeded) == 10
    assert outcome.item("r8").answer == answer(better)


async def test_with_nothing_to_send_nothing_is_asked() -> None:
    side = Counterpart()
    outcome = await resume([item("r0")], requests(1), asking_again(side))
    assert (side.asked, len(outcome.succeeded)) == ([], 1)


async def test_what_fails_again_keeps_its_last_error() -> None:
    side = Counterpart(failures={"r2": refused(RateLimited, 429, sent=4)})
    outcome = await resume(ten(), requests(10), asking_again(side))
    assert outcome.by_kind == {"rate_limited": 1, "invalid_request": 1}
    assert outcome.item("r2").attempts == 5


@pytest.mark.parametrize(
    ("before", "again"),
    [
        (item("r0"), False),
        (item("r0", "expired", Expired("over")), True),
        (item("r0", "expired"), True),
        (item("r0", "failed", ServerError("broken")), True),
        (item("r0", "failed", RateLimited("slow down")), True),
        (item("r0", "timeout", RequestTimeout("late")), True),
        (item("r0", "not_started", attempts=0), True),
        (item("r0", "failed", InvalidRequest("no")), False),
        (item("r0", "failed", NotFound("no")), False),
        (item("r0", "cancelled"), False),
    ],
)
def test_which_are_sent_again(before: BatchItem, again: bool) -> None:
    assert bool(to_send([before], requests(1))) is again
    corrected = request("r0", "another")
    if before.status == "succeeded":
        with pytest.raises(InvalidRequest, match="corrected: request 'r0' has its answer"):
            to_send([before], requests(1), [corrected])
    else:
        assert to_send([before], requests(1), [corrected]) == [corrected]


def test_what_has_no_item_was_not_begun() -> None:
    assert to_send([item("r0")], requests(3)) == requests(3)[1:]


def test_a_correction_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="corrected: there is no request 'r9'"):
        to_send([], requests(2), [request("r9")])


ids = st.lists(st.sampled_from([f"r{number}" for number in range(8)]), unique=True)
counts = st.integers(0, 5)


@given(ids, ids, st.data())
def test_a_merged_result_has_every_id_once(first: list[str], second: list[str], data: st.DataObject) -> None:
    before = [item(id, "not_started", attempts=data.draw(counts)) for id in first]
    after = [item(id, attempts=data.draw(counts)) for id in second]
    result = merged(before, after)
    assert [one.id for one in result] == [*first, *(id for id in second if id not in first)]
    assert sum(one.attempts for one in result) == sum(one.attempts for one in [*before, *after])
    assert {one.id for one in result if one.status == "succeeded"} == set(second)


async def test_a_journal_counts_every_attempt_once(tmp_path: Path) -> None:
    """By the process that asks again, and by the next one when that was killed."""
    path = tmp_path / "run.jsonl"
    side = Counterpart(failures={f"r{number}": refused(ServerError, 500, sent=2) for number in (1, 2)})
    with RunJournal(path) as kept:
        before = await CallerBatch(side.ask, requests(4), clock=WallClock(), journal=kept).outcome()
        broken = Counterpart(failures={"r2": KeyError("killed")})
        with pytest.raises(KeyError):
            await resume(before.items, requests(4), asking_again(broken, kept), journal=kept)
    assert broken.asked == ["r1", "r2"]
    side = Counterpart()
    with RunJournal(path) as kept:
        after = await CallerBatch(side.ask, requests(4), clock=WallClock(), journal=kept).outcome()
    assert side.asked == ["r2"]
    assert [one.attempts for one in after.items] == [1, 3, 3, 1]


async def test_a_next_process_can_resume_from_the_journals_items(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    side = Counterpart(failures={"r1": refused(ServerError, 500, sent=2)})
    with RunJournal(path) as kept:
        await CallerBatch(side.ask, requests(3), clock=WallClock(), journal=kept).outcome()
    side = Counterpart()
    with RunJournal(path) as kept:
        outcome = await resume(kept.items, requests(3), asking_again(side, kept), journal=kept)
    assert side.asked == ["r1"]
    assert [one.attempts for one in outcome.items] == [1, 3, 1]
    with RunJournal(path) as kept:
        assert [one.attempts for one in kept.items] == [1, 3, 1]
