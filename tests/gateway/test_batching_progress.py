"""Progress for people: lines where nobody watches, a bar in a terminal, and no share of the whole that nobody told."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.gateway.batching import Callbacks, CallerBatch
from support.gateway.batching.progress import in_words, shown
from support.gateway.clock import WallClock
from support.values import BatchProgress, BatchStatus
from tests.gateway.batch_asks import Counterpart, requests

pytestmark = pytest.mark.anyio


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("status", "done", "total", "words"),
    [
        ("validating", None, None, "validating"),
        ("in_progress", None, 10, "in_progress: 10 requests"),
        ("in_progress", 4, None, "in_progress: 4 done"),
        ("in_progress", 5, 10, "in_progress: 5 of 10 done (50%)"),
        ("finalizing", 10, 10, "finalizing: 10 of 10 done (99%)"),
        ("completed", 10, 10, "completed: 10 of 10 done (100%)"),
        ("completed", None, None, "completed"),
    ],
)
def test_in_words(status: BatchStatus, done: int | None, total: int | None, words: str) -> None:
    assert in_words(BatchProgress(status=status, done=done, total=total)) == words


maybe = st.none() | st.integers(0, 500)


@given(st.sampled_from(["validating", "in_progress", "completed"]), maybe, maybe)
def test_no_share_that_nobody_told(status: BatchStatus, done: int | None, total: int | None) -> None:
    progress = BatchProgress(status=status, done=done, total=total)
    assert ("%" in in_words(progress)) == (progress.fraction is not None)
    for stream in (io.StringIO(), Terminal()):
        with shown("a batch", stream) as show:
            show(progress)
        assert ("%" in stream.getvalue()) == (progress.fraction is not None)


def test_lines_come_with_each_tenth_and_each_state() -> None:
    stream = io.StringIO()
    with shown("questions", stream) as show:
        for status in ("validating", "validating"):
            show(BatchProgress(status=status, done=None, total=None))  # type: ignore[arg-type]
        for done in range(1001):
            show(BatchProgress(status="in_progress", done=done, total=1000))
        show(BatchProgress(status="completed", done=1000, total=1000))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "questions: validating"
    assert lines[1:4] == [f"questions: in_progress: {done} of 1000 done ({done // 10}%)" for done in (0, 100, 200)]
    assert lines[-1] == "questions: completed: 1000 of 1000 done (100%)"
    assert len(lines) == 12
    assert "\x1b" not in stream.getvalue()


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with shown("questions", stream) as show:
        show(BatchProgress(status="in_progress", done=1, total=4))
        show(BatchProgress(status="completed", done=4, total=4))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "\x1b" in stream.getvalue()
    assert "100%" in text
    assert "completed: 4 of 4 done" in text


async def test_a_runs_own_progress_can_be_shown() -> None:
    stream = io.StringIO()
    with shown("run", stream) as show:
        run = CallerBatch(Counterpart().ask, requests(3), clock=WallClock(), callbacks=Callbacks(on_progress=show))
        await run.outcome()
    assert stream.getvalue().splitlines() == [
        "run: in_progress: 1 of 3 done (33%)",
        "run: in_progress: 2 of 3 done (67%)",
        "run: in_progress: 3 of 3 done (99%)",
        "run: completed: 3 of 3 done (100%)",
    ]
