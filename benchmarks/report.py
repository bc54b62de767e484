"""A measured figure, and the table of them."""

from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside its reference where it has one; `target` is for the ratio, or for the figure alone."""

    name: str
    ours: float
    reference: float | None
    target: float | None
    bound: Literal["at most", "at least"]

    @property
    def judged(self) -> float:
        return self.ours / self.reference if self.reference else self.ours

    @property
    def holds(self) -> bool | None:
        if self.target is None:
            return None
        return self.judged <= self.target if self.bound == "at most" else self.judged >= self.target


def show(figures: list[Figure]) -> None:
    table = Table(title="Measures", title_justify="left")
    for column in ("measure", "ours", "reference", "ratio", "target", ""):
        table.add_column(column)
    for one in figures:
        verdict = {None: "", True: "holds", False: "missed"}[one.holds]
        table.add_row(
            one.name,
            _shown(one.ours),
            _shown(one.reference) if one.reference else "",
            f"{one.judged:.2f}" if one.reference else "",
            f"{one.bound} {one.target}" if one.target is not None else "",
            verdict,
        )
    Console().print(table)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
