"""What a batch must keep to, before anything of it is sent: numbers, sizes, ids, models, windows (the limits are data of the catalogue)."""

import re
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from support.catalogue.limits import batch_limits
from support.errors import LimitExceeded
from support.gateway.refusing import refused
from support.values import Provider

PLACES = 4096
"""Over which the ids of a batch are spread: about 25 of a hundred thousand are in each."""


class Ids:
    """Ids that were seen, six bytes of each, in the place that two more say: of a hundred thousand they take one megabyte."""

    def __init__(self) -> None:
        self._places: defaultdict[int, bytearray] = defaultdict(bytearray)

    def add(self, id: str) -> bool:
        """Whether it is new."""
        short = blake2b(id.encode(), digest_size=8).digest()
        place, kept = self._places[int.from_bytes(short[:2]) % PLACES], short[2:]
        found = place.find(kept)
        while found > 0 and found % len(kept):  # the end of one and the beginning of the next
            found = place.find(kept, found + 1)
        if found >= 0:
            return False
        place += kept
        return True


def is_checked(preflight: bool) -> bool:
    """Whether limits are looked at before anything is sent."""
    return preflight


def exceeds(number: int, most: int | None) -> bool:
    """Exactly the limit is allowed."""
    return most is not None and number > most


def check_window(provider: Provider, window: str) -> None:
    own = f"{batch_limits(provider).window_hours}h"
    if window != own:
        raise refused(provider, "completion_window", f"must be {own}, not {window}")


def check_number(provider: Provider, count: int) -> None:
    most = batch_limits(provider).max_requests
    if exceeds(count, most):
        said = f"requests: there are {count:,} or more; {provider} takes at most {most:,} in one batch"
        raise LimitExceeded(said, provider=provider, param="requests")


def check_size(provider: Provider, size: int) -> None:
    most = batch_limits(provider).max_bytes
    if exceeds(size, most):
        said = f"requests: they have {size:,} bytes or more; {provider} takes at most {most:,} in one batch"
        raise LimitExceeded(said, provider=provider, param="requests")


def check_id(provider: Provider, id: str, seen: Ids) -> None:
    limits = batch_limits(provider)
    most = limits.max_id_characters
    if not id:
        raise refused(provider, "id", "is empty; results are matched by it")
    if most is not None and len(id) > most:
        raise refused(provider, "id", f"{id[:20]!r}… has {len(id)} characters; {most} are allowed")
    if limits.id_pattern is not None and not re.fullmatch(limits.id_pattern, id):
        raise refused(provider, "id", f"{id!r} does not match {limits.id_pattern}")
    if not seen.add(id):
        raise refused(provider, "id", f"{id!r} is the id of two requests; it must be unique in its batch")


def check_models(provider: Provider, models: Iterable[str]) -> None:
    named = list(models)
    if batch_limits(provider).one_model and len(named) > 1:
        raise refused(provider, "model", f"one batch takes one model, not {', '.join(named)}")


def check_page(provider: Provider, limit: int | None) -> None:
    most = batch_limits(provider).max_page
    if limit is not None and not 1 <= limit <= most:
        raise refused(provider, "limit", f"must be 1 to {most}, not {limit}")
