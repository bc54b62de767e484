"""The gate finds every way in which a folder of results can tell another story than the run."""

import json

import pytest

from support.reporting.gate import compare

RAN = {"f.feature:3 One": "passed", "f.feature:7 Two": "failed"}


def write(folder, name, place, status):
    result = {
        "name": name,
        "status": status,
        "labels": [{"name": "tag", "value": "x"}, {"name": "scenario", "value": place}],
    }
    path = folder / f"{place.replace(':', '-')}-{len(list(folder.iterdir()))}-result.json"
    path.write_text(json.dumps(result))
    return path


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "One", "f.feature:3", "passed")
    write(tmp_path, "Two", "f.feature:7", "failed")
    return tmp_path


def test_the_same_story(folder):
    assert compare(folder, RAN) == []


def test_a_missing_result(folder):
    assert compare(folder, {**RAN, "f.feature:9 Three": "skipped"}) == [
        "f.feature:9 Three: skipped in the run, not in the report."
    ]


def test_another_status(folder):
    assert compare(folder, {**RAN, "f.feature:3 One": "failed"}) == [
        "f.feature:3 One: failed in the run, passed in the report."
    ]


def test_a_result_too_many(folder):
    extra = write(folder, "Three", "f.feature:9", "passed")
    assert compare(folder, RAN) == ["f.feature:9 Three: passed in the report, not run."]
    assert compare(folder, RAN, {path.name for path in folder.iterdir()} - {extra.name}) == []


def test_one_scenario_twice(folder):
    write(folder, "One", "f.feature:3", "passed")
    assert compare(folder, RAN) == ["f.feature:3 One: passed in the run, passed and passed in the report."]


def test_unreadable_and_removed_results(folder):
    (folder / "broken-result.json").write_text('{"name": ')
    [told] = compare(folder, RAN)
    assert told.startswith("The result broken-result.json cannot be read: ")
    [gone] = compare(folder, {}, {"gone-result.json"})
    assert gone.startswith("The result gone-result.json cannot be read: ")
