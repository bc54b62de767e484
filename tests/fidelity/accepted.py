"""The differences that are known and meant: accepted.toml, read and applied."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fidelity.comparing import Difference


@dataclass(frozen=True)
class Accepted:
    """One entry. `family` and `at` are patterns; without `recordings` it covers only what a whole family shows."""

    family: str
    kind: str
    at: str
    reason: str
    recordings: frozenset[str] = frozenset()

    def covers(self, difference: Difference) -> bool:
        return (
            self.kind == difference.kind
            and re.fullmatch(self.family, difference.family) is not None
            and re.fullmatch(self.at, difference.at) is not None
            and (recording_of(difference) in self.recordings if self.recordings else difference.recording is None)
        )


def recording_of(difference: Difference) -> str:
    """What shows the difference, as entries write it: `files-list:0`."""
    return f"{difference.family.partition(' ')[2]}:{difference.recording}"


def _entry(entry: dict[str, Any]) -> Accepted:
    return Accepted(**{**entry, "recordings": frozenset(entry.get("recordings", ()))})


ACCEPTED = tuple(
    _entry(entry) for entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["accepted"]
)


def reason_for(difference: Difference) -> str | None:
    """Why a difference is meant; None for one that is not."""
    return next((entry.reason for entry in ACCEPTED if entry.covers(difference)), None)
