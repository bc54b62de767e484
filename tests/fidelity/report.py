"""The comparison as Markdown: reports/fidelity.md names every difference, those that are meant with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tests.fidelity.accepted import reason_for
from tests.fidelity.comparing import Compared, Difference
from tests.fidelity.recordings import ROOT

REPORT = ROOT / "reports" / "fidelity.md"

_HEAD = """\
# Fidelity: recorded requests at the simulator

A request is accepted when the simulator answers it with the recorded status. A path agrees when it stands on both sides, is never
left out where the provider never leaves it out, has the recorded types, and of a closed set only recorded or documented values.

| family | requests accepted | paths agreed | differences | of them not accepted |
| --- | ---: | ---: | ---: | ---: |
"""


def write(made: Iterable[Compared]) -> None:
    """Writes the report of all families."""
    families = list(made)
    REPORT.parent.mkdir(exist_ok=True)
    rows = [_row(one.family.title, [one]) for one in families]
    for provider in dict.fromkeys(one.family.provider for one in families):
        rows.append(_row(f"**{provider}**", [one for one in families if one.family.provider == provider]))
    sections = [line for one in families for line in _section(one)]
    REPORT.write_text(_HEAD + "\n".join([*rows, *sections]) + "\n", encoding="utf-8")


def _row(title: str, families: list[Compared]) -> str:
    found = [difference for one in families for difference in one.differences]
    open_ones = sum(reason_for(difference) is None for difference in found)
    requests = _share(sum(one.accepted for one in families), sum(one.requests for one in families))
    paths = _share(sum(one.agreed for one in families), sum(one.paths for one in families))
    return f"| {title} | {requests} | {paths} | {len(found)} | {open_ones} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % of {whole}" if whole else "none"


def _section(one: Compared) -> Iterator[str]:
    if not one.differences:
        return
    yield from ("", f"## {one.family.title}", "")
    ordered = sorted(one.differences, key=lambda difference: (reason_for(difference) or "", difference))
    for reason, group in groupby(ordered, key=reason_for):
        yield f"- {reason or '**Not accepted**'}"
        yield from (f"  - {_line(difference)}" for difference in group)


def _line(difference: Difference) -> str:
    return str(difference).replace("\n", " ")
