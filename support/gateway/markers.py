"""The run's marker in front of a resource's name: it tells whose the resource is, and which call made it."""

import re
import secrets
from dataclasses import dataclass

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_MARKED = re.compile(r"^(ts-(?P<run>[a-z0-9]{4,32})-(?P<nonce>[a-z0-9]{8})~)(?P<name>.*)$", re.DOTALL)


def random_token(length: int) -> str:
    """Letters and digits that cannot be mistaken for each other."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class Marker:
    """`ts-RUN-NONCE~`: unique for each create, so that a repeat can see whether the first one took effect."""

    run_id: str
    nonce: str

    @classmethod
    def fresh(cls, run_id: str) -> "Marker":
        return cls(run_id, random_token(8))

    def __str__(self) -> str:
        return f"ts-{self.run_id}-{self.nonce}~"


def unmark(name: str) -> tuple[Marker | None, str]:
    """Takes the marker off a name; a name without one comes back as it is."""
    match = _MARKED.match(name)
    if match is None:
        return None, name
    return Marker(match["run"], match["nonce"]), match["name"]
