"""The simulator held against real traffic: recorded requests are accepted, and the answers have the recorded shape.

Where no recordings are at hand (`TOUCHSTONE_SHARED`, else a folder `shared` beside the repository) these tests are skipped.
What differs and is meant stands in accepted.toml; the whole comparison is written to reports/fidelity.md.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fidelity.replay import FAMILIES, RECORDINGS, ROOT, Recorded, Replayer, recorded
from tests.fidelity.shapes import events, shape

ACCEPTED = tomllib.loads(Path(__file__).with_name("accepted.toml").read_text(encoding="utf-8"))
PAIRS = [(provider, family) for provider, families in FAMILIES.items() for family in families]
pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS.name}/: set TOUCHSTONE_SHARED"
)


@dataclass
class Compared:
    """One family."""

    family: str
    requests: int = 0
    accepted: int = 0
    pruned: int = 0
    refused: list[str] = field(default_factory=list)
    theirs: dict[str, set[str]] = field(default_factory=dict)
    ours: dict[str, set[str]] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        return sorted(path for path in self.theirs if path not in self.ours)

    @property
    def added(self) -> list[str]:
        return sorted(path for path in self.ours if path not in self.theirs)

    @property
    def other_types(self) -> list[str]:
        """Paths where the provider was seen with a type that we never gave, nulls aside."""
        both = (path for path in self.theirs if path in self.ours)
        return sorted(path for path in both if not self.theirs[path] - {"null"} <= self.ours[path] | {"null"})

    def line(self) -> str:
        agreed = len(self.theirs) - len(self.missing) - len(self.other_types)
        paths = 100 * agreed / len(self.theirs) if self.theirs else 100
        return f"| {self.family} | {100 * self.accepted / self.requests:.0f} % of {self.requests} | {paths:.0f} % of {len(self.theirs)} |"


@pytest.fixture(scope="module")
def families() -> Iterator[dict[str, Compared]]:
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        made = {f"{provider} {family}": compared(url, provider, family) for provider, family in PAIRS}
        process.terminate()
        process.wait(10)
    write(made)
    return made


def compared(url: str, provider: str, family: str) -> Compared:
    tenant = httpx.post(f"{url}/_simulator/tenants", json={"label": family}, trust_env=False).json()
    replayer = Replayer(url, tenant["keys"])
    result = Compared(f"{provider} {family}")
    for one in recorded(provider, family):
        if one.entry.get("request_pruned"):
            result.pruned += 1  # what was cut out of it cannot be sent again
            continue
        result.requests += 1
        answer = replayer.play(one)
        if answer.status_code != one.entry["status"]:
            result.refused.append(f"{one.name}: {one.entry['status']} recorded, {answer.status_code} here")
            continue
        result.accepted += 1
        add(result, one, answer)
    replayer.close()
    return result


def add(result: Compared, one: Recorded, answer: httpx.Response) -> None:
    body: Any = one.entry["response_body"]
    if body is None:
        return
    pairs = (
        (shape(events(body)), shape(events(answer.text)))
        if isinstance(body, str)
        else (shape(body), shape(answer.json()))
    )
    for known, found in zip((result.theirs, result.ours), pairs, strict=True):
        for path, kinds in found.items():
            known.setdefault(path, set()).update(kinds)


def write(made: dict[str, Compared]) -> None:
    lines = [
        "# Fidelity: recorded requests at the simulator",
        "",
        "| family | requests accepted | paths agreed |",
        "| --- | --- | --- |",
    ]
    lines += [one.line() for one in made.values()]
    for one in made.values():
        differences = [*one.refused, *(f"missing: {p}" for p in one.missing), *(f"added: {p}" for p in one.added)]
        differences += [f"other type: {p}" for p in one.other_types]
        if differences or one.pruned:
            lines += ["", f"## {one.family}", "", *(f"- {text}" for text in differences)]
            lines += (
                [f"- {one.pruned} requests were cut when they were recorded and cannot be sent again"]
                if one.pruned
                else []
            )
    (ROOT / "reports").mkdir(exist_ok=True)
    (ROOT / "reports" / "fidelity.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def is_accepted(kind: str, family: str, path: str) -> bool:
    return any(re.fullmatch(one["family"], family) and re.fullmatch(one["path"], path) for one in ACCEPTED[kind])


@pytest.mark.parametrize("name", [f"{provider} {family}" for provider, family in PAIRS])
def test_the_family_agrees(families: dict[str, Compared], name: str) -> None:
    one = families[name]
    assert one.requests > 0
    known = {entry["name"] for entry in ACCEPTED["request"]}
    assert [text for text in one.refused if text.rsplit(": ", 1)[0] not in known] == []
    assert [path for path in one.missing if not is_accepted("missing", name, path)] == []
    assert [path for path in one.added if not is_accepted("added", name, path)] == []
    assert one.other_types == []


def test_every_accepted_difference_still_occurs(families: dict[str, Compared]) -> None:
    refused = {text.rsplit(": ", 1)[0] for one in families.values() for text in one.refused}
    assert {entry["name"] for entry in ACCEPTED["request"]} - refused == set()
    for kind in ("missing", "added"):
        found = [(one.family, path) for one in families.values() for path in getattr(one, kind)]
        for entry in ACCEPTED[kind]:
            hits = [p for f, p in found if re.fullmatch(entry["family"], f) and re.fullmatch(entry["path"], p)]
            assert hits, f"{kind} {entry['path']} in {entry['family']} does not occur any more"
