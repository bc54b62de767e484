"""The feature files: every scenario belongs to a row, names are unique, and every sentence has exactly one step."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from behave import step_registry
from behave.model import Feature, Scenario, ScenarioOutline, Step
from behave.parser import parse_file
from behave.runner_util import load_step_modules

from support.catalogue.tracker import row, rows

ROOT = Path(__file__).resolve().parents[1]
PROVIDERS = ("OpenAI", "Anthropic", "Gemini")
FORBIDDEN = (
    "json",
    "http",
    "status code",
    "header",
    "httpx",
    "openai.",
    "anthropic.",
    "genai.",
    "raises",
    "404",
    "400",
)


@cache
def features() -> tuple[Feature, ...]:
    return tuple(parse_file(str(path)) for path in sorted((ROOT / "features").rglob("*.feature")))


def scenarios() -> Iterator[Scenario]:
    for feature in features():
        yield from feature.walk_scenarios()


@cache
def registry() -> step_registry.StepRegistry:
    load_step_modules([str(ROOT / "steps")])
    return step_registry.registry


def definitions() -> list[object]:
    known = registry().steps
    return list({id(definition): definition for kind in known.values() for definition in kind}.values())


def matching(step: Step) -> list[object]:
    known = registry().steps
    return [one for kind in (step.step_type, "step") for one in known.get(kind, []) if one.match(step.name)]


def test_there_are_features() -> None:
    assert len(list(scenarios())) > 40


def test_every_scenario_has_exactly_one_row() -> None:
    for scenario in scenarios():
        assert len([tag for tag in scenario.effective_tags if row(str(tag))]) == 1, scenario.name


def test_every_row_of_an_area_that_is_built_has_a_scenario() -> None:
    shown = {str(tag) for scenario in scenarios() for tag in scenario.effective_tags}
    built = {found.area for tag in shown if (found := row(tag))}
    assert {one.id for one in rows() if one.area in built} <= shown


def test_every_row_is_shown_on_every_provider_that_it_names() -> None:
    shown: dict[str, set[str]] = {}
    for scenario in scenarios():
        words = " ".join([scenario.name, *(step.name for step in scenario.all_steps)])
        for tag in scenario.effective_tags:
            if row(str(tag)):
                shown.setdefault(str(tag), set()).update(name for name in PROVIDERS if name in words)
    for name, providers in shown.items():
        found = row(name)
        assert found is not None
        assert {str(provider) for provider in found.providers} <= providers, name


def test_every_feature_has_the_tag_of_its_area() -> None:
    for feature in features():
        areas = {
            found.area
            for scenario in feature.walk_scenarios()
            for t in scenario.effective_tags
            if (found := row(str(t)))
        }
        assert areas == {str(tag) for tag in feature.tags}, feature.filename


def test_names_are_unique_across_features() -> None:
    names = Counter(scenario.name for scenario in scenarios())
    assert [name for name, times in names.items() if times > 1] == []


def test_the_rule_keyword_is_not_used() -> None:
    # allure-behave 2.16 writes no result for what stands under it (allure-python issue 886)
    ruled = [path.name for path in (ROOT / "features").rglob("*.feature") if "\n  Rule:" in path.read_text()]
    assert ruled == []


def test_scenarios_are_short_enough_to_read() -> None:
    for scenario in scenarios():
        assert 1 < len(scenario.steps) <= 7, scenario.name


def test_no_technical_word_stands_in_a_sentence() -> None:
    for scenario in scenarios():
        for sentence in [scenario.name, *scenario.description, *(step.name for step in scenario.all_steps)]:
            plain = re.sub(r"[\w-]+\.jsonl?\b", "", sentence.lower()).replace("application/json", "")
            assert not [word for word in FORBIDDEN if word in plain], sentence


def test_a_scenario_for_the_simulator_alone_says_why() -> None:
    for feature in features():
        for scenario in feature.scenarios:
            if "simulator_only" in scenario.tags:
                assert scenario.description, scenario.name


def test_every_sentence_has_exactly_one_step() -> None:
    for scenario in scenarios():
        for step in scenario.all_steps:
            assert len(matching(step)) == 1, f"{scenario.filename}:{step.line} {step.name}: {len(matching(step))} steps"


def test_every_step_is_used() -> None:
    used = {id(one) for scenario in scenarios() for step in scenario.all_steps for one in matching(step)}
    unused = [str(getattr(one, "pattern", one)) for one in definitions() if id(one) not in used]
    assert unused == []


def test_outlines_fill_every_place() -> None:
    for feature in features():
        for outline in feature.scenarios:
            if isinstance(outline, ScenarioOutline):
                for scenario in outline.scenarios:
                    assert "<" not in scenario.name, scenario.name
