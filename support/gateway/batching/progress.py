"""How far a batch is, for people: a bar in a terminal, plain lines elsewhere; no share of the whole that nobody told."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from support.values import BATCH_ENDED, BatchProgress

TENTHS = 10
"""Plain lines come with every tenth of the whole, where that is known, and with every new state."""

Show = Callable[[BatchProgress], None]
"""Takes each progress as it comes: good as `on_progress` of a run or of a wait."""


@contextmanager
def shown(what: str, stream: TextIO | None = None) -> Iterator[Show]:
    """Shows `what` while the `with` block lasts, on the standard output or on `stream`."""
    stream = stream or sys.stdout
    if in_terminal(stream):
        with _bar(what, stream) as show:
            yield show
    else:
        yield Lines(what, stream).show


def in_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at a screen; in CI nobody does."""
    return stream.isatty()


def in_words(progress: BatchProgress) -> str:
    """The state, with the counts that are known, and the share where the progress gives one."""
    share = share_of(progress)
    return counted(progress) if share is None else f"{counted(progress)} ({share:.0%})"


def counted(progress: BatchProgress) -> str:
    """The state, with the counts that are known."""
    words: str = progress.status
    if progress.done is not None:
        words += f": {progress.done} done" if progress.total is None else f": {progress.done} of {progress.total} done"
    elif progress.total is not None:
        words += f": {progress.total} requests"
    return words


def share_of(progress: BatchProgress) -> float | None:
    """From 0 to 1, or None where it cannot be known; never reckoned here."""
    return progress.fraction


class Lines:
    """One line for each new state, and for each tenth of the whole."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self._what = what
        self._stream = stream
        self._last: tuple[str, int | None] | None = None

    def show(self, progress: BatchProgress) -> None:
        share = share_of(progress)
        step = (progress.status, None if share is None else int(share * TENTHS))
        if step != self._last:
            self._last = step
            self._stream.write(f"{self._what}: {in_words(progress)}\n")
            self._stream.flush()


@contextmanager
def _bar(what: str, stream: TextIO) -> Iterator[Show]:
    """The bar is only there for a known share: else it pulses until the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[share]}"),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(file=stream)) as bar:
        task = bar.add_task(what, total=None, words="", share="")

        def show(progress: BatchProgress) -> None:
            share = share_of(progress)
            ended = progress.status in BATCH_ENDED
            bar.update(
                task,
                total=1.0 if ended or share is not None else None,
                completed=1.0 if ended else share or 0.0,
                words=counted(progress),
                share="" if share is None else f"{share:.0%}",
            )

        yield show
