"""What is refused of a batch before anything is sent; every sentence begins with the field that is wrong."""

from collections.abc import Collection, Sized
from datetime import timedelta

from support.errors import InvalidRequest
from support.values import BatchRequest

LONGEST_ID = 64
"""Characters; what the strictest provider takes (provider-facts 7)."""


def invalid(field: str, why: str) -> InvalidRequest:
    """`why` completes the sentence that the field begins."""
    return InvalidRequest(f"{field}: {why}", param=field)


def check_id(id: str, taken: Collection[str]) -> None:
    """Refuses an id that names nothing, is too long, or is another request's (`taken`)."""
    if not id.strip():
        raise invalid("id", "is empty; every request needs one of its own")
    if len(id) > LONGEST_ID:
        raise invalid("id", f"{id[:20]}… has {len(id)} characters; at most {LONGEST_ID} are taken")
    if id in taken:
        raise invalid("id", f"{id!r} names two requests; results are matched by it")


def check_requests(requests: Collection[BatchRequest]) -> None:
    """Refuses none at all, and a wrong id of any."""
    check_some(requests)
    seen: set[str] = set()
    for request in requests:
        check_id(request.id, seen)
        seen.add(request.id)


def check_some(requests: Sized) -> None:
    """Refuses none at all."""
    if not len(requests):
        raise no_requests()


def no_requests() -> InvalidRequest:
    """Nothing was asked."""
    return invalid("requests", "is empty; give one or more")


def check_count(field: str, count: int) -> None:
    """Refuses a number of things that is below one."""
    if count < 1:
        raise invalid(field, f"must be 1 or more, not {count}")


def check_span(field: str, span: timedelta | None) -> None:
    """Refuses a time in which nothing can happen."""
    if span is not None and span <= timedelta(0):
        raise invalid(field, f"must be longer than zero, not {span}")
