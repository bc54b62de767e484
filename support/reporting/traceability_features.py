"""The scenarios as the feature files have them, also those that a run left out or never opened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from behave.model import Feature, Scenario
from behave.parser import ParserError, parse_file

from support.reporting import outcome
from support.reporting.labels import providers_of
from support.values import Provider


@dataclass(frozen=True, slots=True)
class Written:
    """One scenario of a feature file; an outline is as many as it has examples."""

    name: str
    row: str
    """Empty where its tags name no tracked row."""
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class FeatureFiles:
    """All scenarios, in the order of reading."""

    scenarios: tuple[Written, ...]
    unreadable: tuple[str, ...] = ()
    """Files that are no Gherkin."""


def read(folder: Path, loaded: Iterable[Feature] = ()) -> FeatureFiles:
    """What the folder holds; features that behave has `loaded` already, in it or elsewhere, are not read again."""
    found: dict[str, list[Written]] = {}
    for feature in loaded:
        found.setdefault(str(Path(feature.filename).resolve()), []).extend(_written(feature))
    unreadable: list[str] = []
    for path in folder.rglob("*.feature"):
        place = str(path.resolve())
        if place in found:
            continue
        try:
            found[place] = list(_written(parse_file(str(path))))
        except (ParserError, OSError, UnicodeDecodeError):
            unreadable.append(str(path))
    return FeatureFiles(tuple(one for place in sorted(found) for one in found[place]), tuple(sorted(unreadable)))


def _written(feature: Feature | None) -> Iterator[Written]:
    for scenario in feature.walk_scenarios() if feature is not None else ():
        yield of_scenario(scenario)


def of_scenario(scenario: Scenario) -> Written:
    """A scenario of behave's, as far as the tracker cares."""
    row = outcome.row_of(scenario)
    example = scenario._row  # behave has no public name for it
    return Written(
        name=outcome.display_name(scenario),
        row=row.id if row else "",
        providers=providers_of(map(str, scenario.effective_tags), dict(example.items()) if example else {}),
    )
