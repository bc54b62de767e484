"""The simulator held against real traffic, family by family; what differs and is meant stands in accepted.toml.

Where no recordings are at hand these tests are skipped and say so; test_own.py runs everywhere. The whole comparison is written to
reports/fidelity.md.
"""

from __future__ import annotations

import httpx
import pytest

from tests.fidelity import report
from tests.fidelity.accepted import ACCEPTED, Accepted, reason_for, recording_of
from tests.fidelity.comparing import Compared
from tests.fidelity.families import FAMILIES
from tests.fidelity.recordings import ABSENT, RECORDINGS, headers_kept, recorded
from tests.fidelity.replaying import replay

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=ABSENT)


@pytest.fixture(scope="module")
def compared(plane: httpx.Client) -> dict[str, Compared]:
    made = {
        family.title: replay(plane, family, recorded(family.provider, family.name), headers_kept(family.provider))
        for family in FAMILIES
    }
    report.write(made.values())
    return made


@pytest.mark.parametrize("title", [family.title for family in FAMILIES])
def test_the_family_agrees(compared: dict[str, Compared], title: str) -> None:
    one = compared[title]
    assert one.requests > 0
    assert [str(difference) for difference in one.differences if reason_for(difference) is None] == []


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: f"{entry.family} {entry.kind} {entry.at}")
def test_an_accepted_difference_still_occurs(compared: dict[str, Compared], entry: Accepted) -> None:
    covered = [found for one in compared.values() for found in one.differences if entry.covers(found)]
    assert covered, "it does not occur any more"
    assert {recording_of(found) for found in covered if found.recording is not None} == entry.recordings, (
        "one of its recordings agrees by now"
    )


def test_no_path_is_named_that_no_recording_has(compared: dict[str, Compared]) -> None:
    """A path of `Family.same` that nothing has would compare nothing."""
    never = [
        f"{one.family.title}: {path}"
        for one in compared.values()
        for path in one.family.same
        if path not in one.values_at
    ]
    assert never == []
