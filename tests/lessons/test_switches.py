"""LL-22: every misbehaviour turns its rows red. The audit in `make test` shows that; here it is shown that it leaves none out."""

import re
from collections.abc import Mapping, Sequence

import pytest

from support.audit.sabotages import EXCLUDED, SABOTAGES
from support.catalogue.tracker import Row, Switch, rows
from support.simulator.deviations import TABLE
from support.values import Provider
from tests.gateway.conftest import ROOT
from tests.test_feature_files import scenarios

TAGS = {str(tag) for scenario in scenarios() for tag in scenario.effective_tags}
SHOWN = [row for row in rows() if row.id in TAGS]
THROWN: Mapping[tuple[str, str], Sequence[str]] = {
    **{("simulator", name): deviation.providers for name, deviation in TABLE.items()},
    **{("gateway", name): sabotage.providers for name, sabotage in SABOTAGES.items()},
}
"""What can be switched on, and for which providers."""


def not_thrown(row: Row) -> list[Switch]:
    """The switches of the row that nothing can switch on for any provider of the row's."""
    return [
        switch
        for switch in row.switches
        if switch.name not in EXCLUDED
        and not {Provider(name) for name in THROWN.get((switch.layer, switch.name), ())} & set(row.providers)
    ]


def test_there_are_rows_with_scenarios() -> None:
    assert len(SHOWN) > 80


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.id)
def test_every_switch_of_a_row_that_has_scenarios_can_be_thrown(row: Row) -> None:
    assert [f"{switch.layer} {switch.name}" for switch in not_thrown(row)] == []


def test_a_switch_that_nothing_throws_is_found() -> None:
    row = SHOWN[0]
    made = {"simulator": ("files.nobody.throws", *row.simulator), "gateway": (*row.gateway, "files.nobody_throws")}
    assert not_thrown(row.model_copy(update=made)) == [
        Switch(layer="simulator", name="files.nobody.throws"),
        Switch(layer="gateway", name="files.nobody_throws"),
    ]


def test_a_switch_of_another_provider_is_none_of_the_rows() -> None:
    name, deviation = next((name, one) for name, one in TABLE.items() if list(one.providers) == ["OpenAI"])
    made = SHOWN[0].model_copy(
        update={"providers": (Provider.GEMINI,), "simulator": (name,), "gateway": (), "own_simulator": ()}
    )
    assert not_thrown(made) == [Switch(layer="simulator", name=name)], deviation.description


def test_what_is_excluded_is_a_switch_and_has_a_reason() -> None:
    switches = {switch.name for row in rows() for switch in row.switches}
    assert set(EXCLUDED) <= switches
    assert [name for name, reason in EXCLUDED.items() if not reason.endswith(".")] == []


def test_make_test_runs_the_audit_with_nothing_left_out() -> None:
    recipes = dict(re.findall(r"(?m)^(\w+):[^\n=]*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert re.search(r"\$\(MAKE\) .*\bproofs\b", recipes["test"])
    commands = [line.strip() for line in recipes["proofs"].splitlines()]
    assert "$(BIN)/python -m support audit" in commands
