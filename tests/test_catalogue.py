"""The catalogue: complete, consistent, and in agreement with the SDKs, the price list and the tracker."""

import ast
import os
import re
import tomllib
from collections import Counter
from datetime import date, datetime
from importlib.metadata import distribution
from pathlib import Path

import pytest
from pydantic import ValidationError

from support.catalogue import FOLDER, lifecycle, limits, models, tracker
from support.ledger import price
from support.values import Provider, Usage

ROOT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 22)
AREAS = {
    "files": 9,
    "caching": 12,
    "assistants": 8,
    "knowledge_base": 14,
    "batch": 18,
    "assistants_advanced": 9,
    "fine_tuning": 15,
    "multi_provider": 6,
    "session_state": 6,
}


def sdk_source(package: str, path: str) -> str:
    """Source text of an installed SDK, read without importing it."""
    return Path(str(distribution(package).locate_file(path))).read_text(encoding="utf-8")


def literals(source: str) -> set[str]:
    """All strings inside `Literal[...]` of a module."""
    subscripts = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Subscript))
    members = (node.slice for node in subscripts if isinstance(node.value, ast.Name) and node.value.id == "Literal")
    return {str(item.value) for member in members for item in ast.walk(member) if isinstance(item, ast.Constant)}


# --- models -----------------------------------------------------------------------------------------------------------


def test_every_provider_has_a_model_for_every_role_but_anthropic_for_embeddings() -> None:
    roles: tuple[models.Role, ...] = ("chat", "caching", "batch", "embeddings")
    missing = [(provider, role) for provider in Provider for role in roles if models.model_for(provider, role) is None]
    assert missing == [(Provider.ANTHROPIC, "embeddings")]


def test_no_role_is_given_twice() -> None:
    given = Counter((model.provider, role) for model in models.models() for role in model.roles)
    assert [key for key, times in given.items() if times > 1] == []


def test_a_model_is_found_by_its_id_with_and_without_the_prefix_of_gemini() -> None:
    model = models.model_named(Provider.GEMINI, "models/gemini-3.5-flash-lite")
    assert model is not None
    assert model == models.model_named(Provider.GEMINI, "gemini-3.5-flash-lite")
    assert models.model_named(Provider.OPENAI, "gemini-3.5-flash-lite") is None


@pytest.mark.parametrize("model", models.models(), ids=lambda model: model.id)
def test_every_model_has_a_price_and_the_window_of_the_price_list(model: models.Model) -> None:
    from genai_prices import data

    ids = {Provider.OPENAI: "openai", Provider.ANTHROPIC: "anthropic", Provider.GEMINI: "google"}
    provider = next(provider for provider in data.providers if provider.id == ids[model.provider])
    priced = provider.find_model(model.id)
    if model.roles == ("unpriced",):
        assert price(model.provider, model.id, Usage(uncached_input_tokens=1000)) is None
        return
    assert priced is not None
    if priced.context_window is not None:  # the list rounds Gemini's 1,048,576
        assert abs(priced.context_window - model.context_window_tokens) <= 0.05 * model.context_window_tokens


@pytest.mark.parametrize("model", models.models(), ids=lambda model: model.id)
def test_no_model_of_the_suite_retires_within_90_days_of_the_facts(model: models.Model) -> None:
    if model.roles == ("fine_tuning",):  # all that can be tuned ends earlier (provider-facts 8.1)
        return
    end = lifecycle.retirement(model.provider, model.id)
    assert end is None or (end.retired_on - TODAY).days > 90


@pytest.mark.parametrize("model", models.models(), ids=lambda model: model.id)
def test_a_chat_model_has_an_output_limit_within_its_maximum(model: models.Model) -> None:
    if "embeddings" not in model.roles:
        assert model.output_limit_tokens is not None
        assert model.max_output_tokens is not None
        assert 0 < model.output_limit_tokens <= model.max_output_tokens
        assert model.dimensions is None
    else:
        assert model.output_limit_tokens is None
        assert model.dimensions is not None


def test_the_model_ids_are_those_of_the_sdks() -> None:
    chat, haiku = models.model_for(Provider.OPENAI, "chat"), models.model_for(Provider.ANTHROPIC, "chat")
    vectors = models.model_for(Provider.OPENAI, "embeddings")
    assert chat is not None
    assert haiku is not None
    assert vectors is not None
    assert chat.id in literals(sdk_source("openai", "openai/types/shared/chat_model.py"))
    assert vectors.id in literals(sdk_source("openai", "openai/types/embedding_model.py"))
    assert haiku.id in literals(sdk_source("anthropic", "anthropic/types/model.py"))


# --- limits -----------------------------------------------------------------------------------------------------------


def test_openai_purposes_are_those_of_the_sdk() -> None:
    purposes = limits.file_limits(Provider.OPENAI).purposes
    assert purposes is not None
    assert set(purposes.upload) == literals(sdk_source("openai", "openai/types/file_purpose.py"))
    stored = literals(sdk_source("openai", "openai/types/file_object.py")) - {"file", "uploaded", "processed", "error"}
    assert set(purposes.output_only) == stored - set(purposes.upload)
    assert set(purposes.downloadable) <= {*purposes.upload, *purposes.output_only}
    assert set(purposes.jsonl_only) <= set(purposes.upload)


def test_only_openai_knows_purposes() -> None:
    assert [provider for provider in Provider if limits.file_limits(provider).purposes] == [Provider.OPENAI]


def test_openai_numbers_are_those_of_the_sdk() -> None:
    files = limits.file_limits(Provider.OPENAI)
    listing = sdk_source("openai", "openai/types/file_list_params.py")
    assert "Limit can range between 1 and 10,000, and the default is 10,000." in " ".join(listing.split())
    assert files.page == limits.PageLimits(minimum=1, maximum=10_000, default=10_000)
    creation = sdk_source("openai", "openai/types/file_create_params.py")
    assert f"between {files.expiry.minimum} (1 hour) and {files.expiry.maximum} (30 days)" in creation
    assert files.expiry.default_by_purpose == {"batch": 30 * 24 * 3600}


def test_anthropic_numbers_are_those_of_the_sdk() -> None:
    files = limits.file_limits(Provider.ANTHROPIC)
    listing = sdk_source("anthropic", "anthropic/types/file_list_params.py")
    page = files.page
    assert f"Defaults to `{page.default}`. Ranges from `{page.minimum}` to `{page.maximum}`." in listing
    upload = sdk_source("anthropic", "anthropic/types/file_upload_params.py")
    assert f"between {files.expiry.minimum} (one hour) and {files.expiry.maximum} (ninety days)" in upload


@pytest.mark.parametrize(
    ("provider", "max_bytes", "page"),
    [
        (Provider.OPENAI, 512 * 2**20, (1, 10_000, 10_000)),
        (Provider.ANTHROPIC, 500 * 2**20, (1, 1000, 20)),
        (Provider.GEMINI, 2 * 2**30, (1, 100, 10)),
    ],
)
def test_sizes_and_pages(provider: Provider, max_bytes: int, page: tuple[int, int, int]) -> None:
    files = limits.file_limits(provider)
    assert files.max_bytes == max_bytes
    assert (files.page.minimum, files.page.maximum, files.page.default) == page


def test_gemini_keeps_files_for_48_hours_and_leaves_no_choice() -> None:
    expiry = limits.file_limits(Provider.GEMINI).expiry
    assert (expiry.minimum, expiry.maximum, expiry.default) == (None, None, 48 * 3600)


@pytest.mark.parametrize(
    ("file_id", "fits"),
    [
        ("a", True),
        ("run-7-notes", True),
        ("a" * 40, True),
        ("a" * 41, False),
        ("-a", False),
        ("a-", False),
        ("A", False),
    ],
)
def test_the_pattern_for_ids_chosen_by_the_caller(file_id: str, fits: bool) -> None:
    pattern = limits.file_limits(Provider.GEMINI).custom_id_pattern
    assert pattern is not None
    assert bool(re.fullmatch(pattern, file_id)) is fits


def test_values_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        limits.file_limits(Provider.OPENAI).max_bytes = 1


# --- lifecycle --------------------------------------------------------------------------------------------------------


def test_the_assistants_are_retired_and_name_their_successor() -> None:
    end = lifecycle.retirement(Provider.OPENAI, "assistants_v2")
    assert end is not None
    assert (end.announced, end.retired_on, end.successor) == (date(2025, 8, 26), date(2026, 8, 26), "assistants")
    assert end.has_happened(date(2026, 8, 26))
    assert not end.has_happened(date(2026, 8, 25))


def test_a_retirement_belongs_to_one_provider() -> None:
    assert lifecycle.retirement(Provider.GEMINI, "assistants") is None
    assert lifecycle.retirement(Provider.OPENAI, "files") is None


def test_a_dated_version_retires_with_its_alias() -> None:
    assert lifecycle.retirement(Provider.OPENAI, "gpt-4o-mini-2024-07-18") == lifecycle.retirement(
        Provider.OPENAI, "gpt-4o-mini"
    )


def test_gemini_models_are_found_with_their_prefix() -> None:
    end = lifecycle.retirement(Provider.GEMINI, "models/gemini-2.5-flash")
    assert end is not None
    assert end.successor == "gemini-3.5-flash-lite"


def test_what_retires_within_90_days_is_ahead_of_today_and_sorted() -> None:
    ends = lifecycle.retiring_within(90, TODAY)
    days = [(end.retired_on - TODAY).days for end in ends]
    assert days == sorted(days)
    assert all(0 < day <= 90 for day in days)
    names = {name for end in ends for name in end.names}
    assert {"fine_tuning", "claude-sonnet-4-5", "gpt-4o-mini", "gemini-2.5-flash"} <= names
    assert {"assistants", "gpt-5.1"}.isdisjoint(names)


def test_retiring_within_counts_the_last_day_and_not_today() -> None:
    def within(days: int, today: date) -> bool:
        return any("fine_tuning" in end.names for end in lifecycle.retiring_within(days, today))

    assert within(45, TODAY)
    assert not within(44, TODAY)
    assert not within(90, date(2027, 1, 6))


def test_no_name_retires_twice() -> None:
    named = Counter((end.provider, name) for end in lifecycle.retirements() for name in end.names)
    assert [key for key, times in named.items() if times > 1] == []


def test_openai_model_dates_are_those_of_the_sdk() -> None:
    source = sdk_source("openai", "openai/types/shared/chat_model.py")
    notes = re.sub(r"\s+", " ", source.split('"""Deprecated values:')[1])
    pairs = re.findall(r'- ((?:"[^"]+",? ?)+): Announced shutdown date: (\d{4}-\d\d-\d\d)', notes)
    told = {name: date.fromisoformat(day) for names, day in pairs for name in re.findall(r'"([^"]+)"', names)}
    assert len(told) > 40
    recent = {name: day for name, day in told.items() if day >= date(2026, 9, 1)}
    ends = (end for end in lifecycle.retirements() if (end.provider, end.kind) == (Provider.OPENAI, "model"))
    assert {name: end.retired_on for end in ends for name in end.names} == recent


def test_anthropic_model_dates_are_those_of_the_sdk() -> None:
    source = sdk_source("anthropic", "anthropic/_data/deprecated_models.py")
    pairs = re.findall(r'"([^"]+)": "(\w+) (\d+)\w\w, (\d{4})"', source)
    told = {name: datetime.strptime(f"{month} {day} {year}", "%B %d %Y").date() for name, month, day, year in pairs}
    ends = (end for end in lifecycle.retirements() if end.provider is Provider.ANTHROPIC)
    assert {name: end.retired_on for end in ends for name in end.names} == told


def test_a_successor_among_models_is_not_retired_itself() -> None:
    for end in lifecycle.retirements():
        if end.kind == "model" and end.successor is not None:
            assert lifecycle.retirement(end.provider, end.successor) is None


# --- tracker ----------------------------------------------------------------------------------------------------------


def test_the_tracker_has_its_97_rows_in_nine_areas_and_six_of_infrastructure() -> None:
    assert Counter(row.area for row in tracker.rows()) == AREAS
    assert len(tracker.rows()) == 97
    assert [row.id for row in tracker.infrastructure()] == [f"IN-0{number}" for number in range(1, 7)]


def test_a_row_is_found_by_its_id() -> None:
    row = tracker.row("FM-04")
    assert row is not None
    assert (row.area, len(row.switches)) == ("files", 4)
    assert tracker.Switch(layer="simulator", name="files.delete.ghost_listed") in row.switches
    assert tracker.row("FM-99") is None


def test_every_row_has_a_line_of_its_own_and_a_switch() -> None:
    rows = [*tracker.rows(), *tracker.infrastructure()]
    assert len({row.line for row in rows}) == len(rows)
    for row in rows:
        assert row.line.endswith(".")
        assert row.switches


def shared_tracker() -> Path:
    """The tracker of the workplace, where there is one."""
    folder = Path(os.environ.get("TOUCHSTONE_SHARED") or ROOT.parent / "shared")
    return folder / "tracker.yaml"


def read_tracker(path: Path) -> dict[str, tuple[str, set[str], set[tuple[str, str]]]]:
    """Area tag, providers and switches of each row; understands just the regular layout of that one file."""
    text = path.read_text(encoding="utf-8")
    text = text[text.index("\nrows:\n") : text.index("\nlessons:\n")]
    found = {}
    for block in re.split(r"(?m)^- id: ", text)[1:]:
        tag = re.search(r"(?m)^  tag: (\w+)$", block)
        names = re.search(r"(?m)^  providers:\n((?:  - \w+\n)+)", block)
        providers = {provider for provider in Provider if names and f"- {provider.lower()}\n" in names[1]}
        kills = re.findall(r"(?m)^  - layer: (\w+)\n    switch: (\S+)$", block)
        kills += [("gateway", name) for name in re.findall(r"(?m)^  - gw:(\S+)$", block)]
        found[block.split()[0]] = (tag[1] if tag else tracker.INFRASTRUCTURE, set(providers), set(kills))
    return found


def test_rows_and_switches_are_those_of_the_shared_tracker() -> None:
    path = shared_tracker()
    if not path.is_file():
        pytest.skip("No shared tracker beside the repository, and TOUCHSTONE_SHARED names none.")
    theirs = read_tracker(path)
    assert sum(len(kills) for _, _, kills in theirs.values()) > 400
    ours = {
        row.id: (
            row.area,
            set(row.providers),
            {*(("simulator", name) for name in row.simulator), *(("gateway", name) for name in row.gateway)},
        )
        for row in [*tracker.rows(), *tracker.infrastructure()]
    }
    assert ours == theirs


def test_the_23_lessons_each_have_a_line_of_their_own_and_something_that_shows_them() -> None:
    lessons = tracker.lessons()
    assert [lesson.id for lesson in lessons] == [f"LL-{number:02}" for number in range(1, 24)]
    assert len({lesson.line for lesson in lessons}) == 23
    assert all(lesson.line.endswith(".") for lesson in lessons)
    assert [lesson.id for lesson in lessons if not (lesson.shown_by or lesson.tests)] == []


def test_every_row_that_shows_a_lesson_exists() -> None:
    known = {row.id for row in tracker.rows()}
    assert [(lesson.id, row) for lesson in tracker.lessons() for row in lesson.shown_by if row not in known] == []


def named_in(module: str) -> set[str]:
    """The test functions of a module, by reading it."""
    path = ROOT / module
    if not path.is_file():
        return set()
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, functions) and node.name.startswith("test_")}


def test_every_test_that_shows_a_lesson_exists() -> None:
    named = [(lesson.id, *test.partition("::")) for lesson in tracker.lessons() for test in lesson.tests]
    assert [(lesson, module, name) for lesson, module, _, name in named if name not in named_in(module)] == []


def read_lessons(path: Path) -> dict[str, tuple[set[str], bool]]:
    """The rows that show each lesson, and whether a test must as well; from the regular layout of that one file."""
    text = path.read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"(?m)^- id: ", text[text.index("\nlessons:\n") :])[1:]:
        shown_by = set(re.findall(r"(?m)^  - (\S+)$", block))
        units = {name for name in shown_by if name.startswith("unit:")}
        found[block.split()[0]] = (shown_by - units, bool(units))
    return found


def test_lessons_and_their_rows_are_those_of_the_shared_tracker() -> None:
    path = shared_tracker()
    if not path.is_file():
        pytest.skip("No shared tracker beside the repository, and TOUCHSTONE_SHARED names none.")
    theirs = read_lessons(path)
    assert len(theirs) == 23
    assert {lesson.id: set(lesson.shown_by) for lesson in tracker.lessons()} == {
        lesson: rows for lesson, (rows, _) in theirs.items()
    }
    with_tests = {lesson.id for lesson in tracker.lessons() if lesson.tests}
    assert {lesson for lesson, (_, unit) in theirs.items() if unit} <= with_tests


# --- the facts that all of it cites -----------------------------------------------------------------------------------


def test_every_section_of_the_facts_that_is_cited_exists() -> None:
    facts = (ROOT / "docs" / "provider-facts.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"(?m)^#{2,3} (\d+(?:\.\d+)?)\b", facts))
    sources = [
        *ROOT.glob("*.py"),
        *(ROOT / "steps").rglob("*.py"),
        *(ROOT / "support").rglob("*.py"),
        *FOLDER.glob("*.toml"),
    ]
    sources += [*(ROOT / "tests").glob("*.py"), *(ROOT / "fixtures").glob("*.py"), *(ROOT / "docs").glob("*.md")]
    cited = {
        (str(path.relative_to(ROOT)), section)
        for path in sources
        for section in re.findall(r"provider-facts (\d+(?:\.\d+)?)", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 10
    assert sorted((path, section) for path, section in cited if section not in sections) == []


@pytest.mark.parametrize("name", ["models.toml", "limits.toml", "lifecycle.toml"])
def test_every_entry_names_its_source(name: str) -> None:
    for entries in tomllib.loads((FOLDER / name).read_text(encoding="utf-8")).values():
        for entry in entries:
            assert re.search(r"provider-facts \d|openai 3|anthropic 2", entry["source"])
