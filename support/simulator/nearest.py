"""An exact index of vectors: rows in blocks of contiguous memory, found by cosine, each with its owner and its text.

Copying one is cheap: blocks are shared until one side changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

BLOCK_ROWS = 4096
_FIRST_ROWS = 16

Among: TypeAlias = Callable[[str], bool] | Container[str] | None


class Hit(NamedTuple):
    """One row that was found; `score` is its cosine, 0 where that is negative."""

    score: float
    owner_id: str
    number: int
    """Which of its owner's rows it is, from 0."""
    text: str


class _Run(NamedTuple):
    """Neighbouring rows of one block."""

    block: int
    start: int
    stop: int


@dataclass(slots=True)
class _Block:
    vectors: Matrix
    rows: list[tuple[str, int, str] | None]
    """Owner, number and text of each row in use; None where one was removed."""
    free: int = 0

    def copy(self) -> _Block:
        return _Block(self.vectors.copy(), list(self.rows), self.free)


class Index:
    """Vectors of unit length by owner. All have the same number of dimensions."""

    __slots__ = ("_blocks", "_free", "_own", "_runs")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._own: list[bool] = []
        """Which blocks no copy of this index shares."""
        self._runs: dict[str, list[_Run]] = {}
        self._free: list[_Run] = []

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(len(block.rows) - block.free for block in self._blocks)

    def __contains__(self, owner_id: str) -> bool:
        return owner_id in self._runs

    def __deepcopy__(self, memo: dict[int, Any]) -> Index:
        twin = Index()
        self._own = [False] * len(self._blocks)
        twin._blocks, twin._own = list(self._blocks), list(self._own)
        twin._runs = {owner_id: list(runs) for owner_id, runs in self._runs.items()}
        twin._free = list(self._free)
        return twin

    def add(self, owner_id: str, vectors: Sequence[Matrix] | Matrix, texts: Sequence[str]) -> None:
        """Add an owner's rows; what it had before is replaced."""
        if len(vectors) != len(texts):
            raise ValueError(f"{len(vectors)} vectors do not fit {len(texts)} texts.")
        self.remove(owner_id)
        runs: list[_Run] = []
        done = 0
        while done < len(texts):
            run = self._room(len(texts) - done, len(vectors[done]))
            block = self._writable(run.block)
            end = done + run.stop - run.start
            block.vectors[run.start : run.stop] = vectors[done:end]
            block.rows[run.start : run.stop] = [(owner_id, number, texts[number]) for number in range(done, end)]
            done = end
            runs.append(run)
        self._runs[owner_id] = runs

    def remove(self, owner_id: str) -> None:
        """Forget an owner's rows; nothing happens when it has none."""
        for run in self._runs.pop(owner_id, ()):
            block = self._writable(run.block)
            block.rows[run.start : run.stop] = [None] * (run.stop - run.start)
            block.free += run.stop - run.start
            self._free.append(run)
        if not self._runs:
            self._blocks, self._own, self._free = [], [], []

    def search(self, vector: Matrix, top: int, among: Among = None) -> list[Hit]:
        """The `top` nearest rows, best first, of the owners that `among` takes; equals in the order of their place."""
        import numpy as np

        allowed = None if among is None else self._masks(among)
        found: list[tuple[float, int, tuple[str, int, str]]] = []
        for position, block in enumerate(self._blocks):
            mask = None
            if allowed is not None:
                mask = allowed.get(position)
                if mask is None:
                    continue
            elif block.free:
                mask = np.fromiter((row is not None for row in block.rows), bool, len(block.rows))
            scores = block.vectors[: len(block.rows)] @ vector
            candidates = np.arange(len(scores)) if mask is None else np.flatnonzero(mask)
            if len(candidates) > top:
                worst = np.partition(scores[candidates], -top)[-top]
                candidates = candidates[scores[candidates] >= worst]
            for row in candidates.tolist():
                held = block.rows[row]
                if held is not None:
                    found.append((-float(scores[row]), position * BLOCK_ROWS + row, held))
        found.sort(key=lambda one: one[:2])
        return [Hit(min(1.0, max(0.0, -negative)), *held) for negative, _, held in found[:top]]

    def _masks(self, among: Callable[[str], bool] | Container[str]) -> dict[int, NDArray[np.bool_]]:
        """Which rows the chosen owners have, by block."""
        import numpy as np

        takes = among if callable(among) else among.__contains__
        masks: dict[int, NDArray[np.bool_]] = {}
        for owner_id, runs in self._runs.items():
            if takes(owner_id):
                for run in runs:
                    if run.block not in masks:
                        masks[run.block] = np.zeros(len(self._blocks[run.block].rows), bool)
                    masks[run.block][run.start : run.stop] = True
        return masks

    def _room(self, wanted: int, dimensions: int) -> _Run:
        """At most `wanted` rows in a row, taken: of what was removed, else at the end."""
        if self._free:
            run = self._free.pop()
            if run.stop - run.start > wanted:
                self._free.append(run._replace(start=run.start + wanted))
                run = run._replace(stop=run.start + wanted)
            self._writable(run.block).free -= run.stop - run.start
            return run
        if not self._blocks or len(self._blocks[-1].rows) == BLOCK_ROWS:
            self._blocks.append(_new_block(BLOCK_ROWS if self._blocks else _FIRST_ROWS, dimensions))
            self._own.append(True)
        position = len(self._blocks) - 1
        block = self._writable(position)
        start = len(block.rows)
        stop = min(start + wanted, BLOCK_ROWS)
        _grow(block, stop)
        block.rows.extend([None] * (stop - start))
        return _Run(position, start, stop)

    def _writable(self, position: int) -> _Block:
        if not self._own[position]:
            self._blocks[position] = self._blocks[position].copy()
            self._own[position] = True
        return self._blocks[position]


def _new_block(rows: int, dimensions: int) -> _Block:
    import numpy as np

    return _Block(np.empty((rows, dimensions), np.float32), [])


def _grow(block: _Block, rows: int) -> None:
    """Make room for so many rows: twice as much each time, up to a whole block."""
    import numpy as np

    room, dimensions = block.vectors.shape
    if rows <= room:
        return
    while room < rows:
        room = min(2 * room, BLOCK_ROWS)
    larger = np.empty((room, dimensions), np.float32)
    larger[: len(block.rows)] = block.vectors[: len(block.rows)]
    block.vectors = larger
