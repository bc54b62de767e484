"""Many requests as several batches: by what they take, by model, by number, or as the caller says; none lost, none twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from support.gateway.batching.checks import check_count, invalid
from support.values import BatchRequest

Grouper = Callable[[Sequence[BatchRequest]], Iterable[Sequence[BatchRequest]]]
Sizes = Mapping[str, int] | Callable[[BatchRequest], int]
"""Tokens of a request: by its id, or counted."""


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that go together, in the order in which they were given."""

    requests: tuple[BatchRequest, ...]
    tokens: int
    over_budget: bool = False
    """A single request that is larger than the budget by itself."""


def by_tokens(requests: Iterable[BatchRequest], *, budget: int, sizes: Sizes) -> list[Group]:
    """Fills a group as long as the next request fits. Raises InvalidRequest for a budget below one, or a size that is missing."""
    check_count("budget", budget)
    groups: list[Group] = []
    filling: list[BatchRequest] = []
    filled = 0
    for request in requests:
        size = _size(request, sizes)
        if filling and not fits(filled, size, budget):
            groups.append(closed(filling, filled, budget))
            filling, filled = [], 0
        filling.append(request)
        filled += size
    return [*groups, closed(filling, filled, budget)] if filling else groups


def fits(filled: int, size: int, budget: int) -> bool:
    """Whether a request goes into a group that has something in it."""
    return filled + size <= budget


def closed(filling: Sequence[BatchRequest], tokens: int, budget: int) -> Group:
    """A group that takes nothing more."""
    return Group(tuple(filling), tokens, over_budget=tokens > budget)


def _size(request: BatchRequest, sizes: Sizes) -> int:
    size = sizes(request) if callable(sizes) else sizes.get(request.id)
    if size is None or size < 0:
        raise invalid("sizes", f"request {request.id!r} has no size" if size is None else f"{request.id!r} has {size}")
    return size


def by_model(requests: Iterable[BatchRequest]) -> list[tuple[BatchRequest, ...]]:
    """One group a model, in the order in which the models appear."""
    groups: dict[str, list[BatchRequest]] = {}
    for request in requests:
        groups.setdefault(request.model, []).append(request)
    return [tuple(group) for group in groups.values()]


def by_number(requests: Iterable[BatchRequest], most: int) -> Iterable[tuple[BatchRequest, ...]]:
    """Groups of `most`, the last one with what is left; read as they are asked for."""
    check_count("most", most)
    group: list[BatchRequest] = []
    for request in requests:
        group.append(request)
        if len(group) == most:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def grouped(requests: Sequence[BatchRequest], grouper: Grouper) -> list[tuple[BatchRequest, ...]]:
    """What the caller's own grouper makes of the requests.

    Raises InvalidRequest naming a request that it lost, repeated or made up; groups with nothing in them are left out.
    """
    groups = [tuple(group) for group in grouper(requests)]
    check_groups(requests, groups)
    return [group for group in groups if group]


def check_groups(requests: Sequence[BatchRequest], groups: Sequence[Sequence[BatchRequest]]) -> None:
    """Refuses groups that are not exactly the requests."""
    given = {request.id: request for request in requests}
    found = Counter(request.id for group in groups for request in group)
    for id in given:
        if id not in found:
            raise invalid("grouper", f"request {id!r} is in no group")
    for group in groups:
        for request in group:
            if found[request.id] > 1:
                raise invalid("grouper", f"request {request.id!r} is in {found[request.id]} groups or places")
            if request.id not in given:
                raise invalid("grouper", f"request {request.id!r} was never given")
            if given[request.id] != request:
                raise invalid("grouper", f"request {request.id!r} is not as it was given")
