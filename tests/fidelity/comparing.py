"""A family's recorded answers held against ours: every difference by its kind, and what share agrees.

What a provider always does, we must always do: a key that no recorded object at its path is without may be missing from none
of ours; one that only some have must turn up at least once. Types of ours must have been recorded, and every recorded type but
null must turn up. Refusals and successes are compared apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fidelity.closed_sets import documented
from tests.fidelity.exchanges import Parts
from tests.fidelity.families import Family
from tests.fidelity.recordings import Recorded
from tests.fidelity.shapes import Shape, below, within


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that is not as recorded."""

    family: str
    kind: str
    """`status`, `missing`, `left out`, `added`, `type`, `value`, `set`, `order`, `framing` or `header`."""
    at: str
    """A path, a header's name, a pair of events, or `status`."""
    recording: int | None
    """Which recording; None for what only the whole family shows."""
    detail: str = field(compare=False)

    def __str__(self) -> str:
        number = "" if self.recording is None else f" (recording {self.recording})"
        return f"{self.kind}: `{self.at}`{number}: {self.detail}"


@dataclass
class Pair:
    """One recording with what the simulator answered to the same request."""

    recorded: Recorded
    status: int
    theirs: Parts
    ours: Parts | None
    """None where the status was another: then nothing else is compared."""


@dataclass
class Compared:
    """What came out for one family."""

    family: Family
    requests: int = 0
    accepted: int = 0
    paths: int = 0
    agreed: int = 0
    differences: list[Difference] = field(default_factory=list)
    values_at: set[str] = field(default_factory=set)
    """Recorded paths that have values."""


def compare(family: Family, pairs: list[Pair]) -> Compared:
    """All of a family's exchanges."""
    result = Compared(family, requests=len(pairs))
    alike = [pair for pair in pairs if pair.ours is not None]
    result.accepted = len(alike)
    found = result.differences
    found += [
        Difference(
            family.title,
            "status",
            "status",
            pair.recorded.index,
            f"{pair.recorded.status} recorded, {pair.status} here",
        )
        for pair in pairs
        if pair.ours is None
    ]
    for refused in (False, True):
        group = [(p.recorded.index, p.theirs, p.ours) for p in alike if p.ours and p.recorded.refused is refused]
        theirs, ours = Shape(), Shape()
        for _, recorded, answered in group:
            theirs.merge(recorded.shape)
            ours.merge(answered.shape)
        result.values_at |= theirs.values.keys()
        shapes = sorted(_of_shapes(family, theirs, ours))
        found += shapes
        found += _of_values(family, group)
        every = theirs.types.keys() | ours.types.keys()
        result.paths += len(every)
        result.agreed += len(every - {difference.at for difference in shapes})
    everything = [(p.recorded.index, p.theirs, p.ours) for p in alike if p.ours]
    found += _of_streams(family, everything)
    found += _of_headers(family, everything)
    found.sort()
    return result


Group = Iterable[tuple[int, Parts, Parts]]


def _of_shapes(family: Family, theirs: Shape, ours: Shape) -> Iterator[Difference]:
    def difference(kind: str, at: str, detail: str) -> Difference:
        return Difference(family.title, kind, at, None, detail)

    for path in theirs.types.keys() - ours.types.keys():
        yield difference("missing", path, f"recorded as {_list(theirs.types[path])}")
    for path in ours.types.keys() - theirs.types.keys():
        yield difference("added", path, f"ours is {_list(ours.types[path])}")
    for path in theirs.types.keys() & ours.types.keys():
        recorded, answered = theirs.types[path], ours.types[path]
        if not within(answered, recorded) or not recorded - {"null"} <= answered | _integers(answered):
            yield difference("type", path, f"recorded as {_list(recorded)}, ours is {_list(answered)}")
        known = documented(family.provider, path)
        if known is not None:
            strange = {str(value) for value in ours.values.get(path, ())} - known
            strange -= {str(value) for value in theirs.values.get(path, ())}
            if strange:
                yield difference("set", path, f"{_list(strange)} is neither recorded nor documented")
    for at, key in sorted(theirs.always() - ours.always()):
        if ours.keys[at, key]:
            times = ours.objects[at] - ours.keys[at, key]
            yield difference(
                "left out", below(at, key), f"always recorded, missing {times} of {ours.objects[at]} times here"
            )


def _of_values(family: Family, group: Group) -> Iterator[Difference]:
    for index, recorded, answered in group:
        for path in family.same:
            if path not in recorded.shape.values or path not in answered.shape.values:
                continue  # a path that is missing is named as such
            theirs = {repr(value) for value in recorded.shape.values[path]}
            ours = {repr(value) for value in answered.shape.values[path]}
            if theirs != ours:
                yield Difference(family.title, "value", path, index, f"{_list(theirs)} recorded, {_list(ours)} here")


def _of_streams(family: Family, group: Group) -> Iterator[Difference]:
    for name in ("line ends", "lines of an event", "end"):
        theirs = {recorded.framing[name] for _, recorded, _ in group if name in recorded.framing}
        ours = {answered.framing[name] for _, _, answered in group if name in answered.framing}
        if ours - theirs:
            yield Difference(family.title, "framing", name, None, f"{_list(theirs)} recorded, {_list(ours)} here")
    known = {step for _, recorded, _ in group for step in recorded.steps}
    done = {step: index for index, _, answered in group for step in answered.steps}
    for before, after in sorted(done.keys() - known):
        yield Difference(
            family.title,
            "order",
            f"{before} → {after}",
            None,
            f"never recorded; so here for recording {done[before, after]}",
        )


def _of_headers(family: Family, group: Group) -> Iterator[Difference]:
    ever = {name for _, recorded, _ in group for name in recorded.headers}
    for index, recorded, answered in group:
        for name in sorted(recorded.headers.keys() - answered.headers.keys()):
            yield Difference(family.title, "header", name, index, "recorded, missing here")
        for name in sorted((answered.headers.keys() & recorded.kept) - ever):
            yield Difference(family.title, "header", name, index, "ours, never recorded in this family")
        theirs, ours = recorded.headers.get("content-type"), answered.headers.get("content-type")
        if theirs and ours and theirs != ours:
            yield Difference(family.title, "header", "content-type", index, f"{theirs} recorded, {ours} here")


def _integers(kinds: set[str]) -> set[str]:
    """A recorded number may have turned out whole here, and a recorded integer be one number among ours."""
    return {"number"} if "integer" in kinds else set()


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
