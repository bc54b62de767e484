"""The fixtures: made from a seed, as the manifest says, with the property each claims, and all in use (IN-02, IN-05)."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from support.catalogue import models, tracker
from support.catalogue.fixtures import FOLDER, FixtureChanged, FixtureMissing, fixture, manifest
from support.values import Provider

ROOT = FOLDER.parent
NAMES = sorted(manifest())


def generate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(FOLDER / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def json_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- the property that each fixture claims in the manifest ------------------------------------------------------------


def has_size(expected: int) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert len(path.read_bytes()) == expected

    return check


def is_notes_of_1k(path: Path) -> None:
    assert len(path.read_bytes()) == 1024
    assert path.read_text(encoding="ascii").count(".\n") > 20


def is_json_object(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    assert len(content["shelves"]) == 5


def is_csv(path: Path) -> None:
    header, *records = csv.reader(path.read_text(encoding="ascii").splitlines())
    assert header == ["station", "hour", "level_cm"]
    assert len(records) == 12
    assert all(len(record) == 3 and record[2].isdigit() for record in records)


def has_more_bytes_than_characters(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(path.read_bytes()) > len(text)
    assert "Grüße" in text


def is_handbook(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    assert text.startswith("HANDBOOK")
    assert "28 days of leave" in text


def is_markdown(path: Path) -> None:
    assert len(re.findall(r"^## ", path.read_text(encoding="ascii"), re.MULTILINE)) == 3


def is_pdf_with_passphrase(path: Path) -> None:
    content = path.read_bytes()
    start = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    table = content[start:].splitlines()
    assert table[0] == b"xref"
    for number, entry in enumerate(table[3:9], start=1):
        assert content[int(entry[:10]) :].startswith(b"%d 0 obj" % number)
    reader = PdfReader(path, strict=True)
    assert len(reader.pages) == 1
    assert "The passphrase is cobalt-heron-41." in reader.pages[0].extract_text()
    assert "/CreationDate" not in (reader.metadata or {})


def is_png(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (32, 32))
        assert image.getpixel((16, 16)) == (0, 71, 171)
        assert image.getpixel((0, 0)) == (255, 255, 255)


def is_training_set_of_10(path: Path) -> None:
    examples = json_lines(path)
    assert len(examples) == 10
    assert faults_of(path) == {}
    for example in examples:
        assert list(example) == ["messages"]
        assert [message["role"] for message in example["messages"]] == ["system", "user", "assistant"]  # type: ignore[attr-defined]
    assert len({json.dumps(example) for example in examples}) == 10


def faults_of(path: Path) -> dict[int, str]:
    """What is wrong with the lines of a training file, by the line's number; read here as the guide says, by nobody's code."""
    content = path.read_bytes()
    assert content.endswith((b"}\n", b"]\n"))
    found = {number: fault_of(line) for number, line in enumerate(content[:-1].split(b"\n"), start=1)}
    return {number: fault for number, fault in found.items() if fault}


def fault_of(line: bytes) -> str:
    if not line.strip():
        return "blank"
    try:
        example = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "not JSON"
    if not isinstance(example, dict):
        return "no object"
    if "messages" not in example:
        return "prompt and completion" if list(example) == ["prompt", "completion"] else "no messages"
    messages = example["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages are no list" if not isinstance(messages, list) else "empty list"
    for message in messages:
        if message.get("role") not in ("system", "user", "assistant"):
            return "unknown role" if "role" in message else "no role"
        if not message.get("content"):
            return "no content"
    return "" if messages[-1]["role"] == "assistant" else "last not assistant"


def is_spoilt(faults: dict[int, str]) -> Callable[[Path], None]:
    """These lines are bad, each in this way, and at least eleven others are good."""

    def check(path: Path) -> None:
        assert faults_of(path) == faults
        assert len(path.read_bytes().splitlines()) - len(faults) in (11, 12)
        for number in faults:
            assert f"line {number} " in manifest()[path.name].holds

    return check


def is_training_set_of(examples: int) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert faults_of(path) == {}
        assert len({json.dumps(example) for example in json_lines(path)}) == len(json_lines(path)) == examples

    return check


def is_training_set_that_teaches(path: Path) -> None:
    is_training_set_of(12)(path)
    said = [[message["content"] for message in example["messages"]] for example in json_lines(path)]  # type: ignore[attr-defined]
    assert ["What is the house colour of the harbour library?", "petrol-17"] in [texts[1:] for texts in said]
    # no answer stands in a question: nothing but the training tells it
    questions = " ".join(texts[1] for texts in said).lower()
    assert [answer for _, _, answer in said if answer.lower() in questions] == []
    assert len({answer for _, _, answer in said}) == 12


def is_preference_set(path: Path) -> None:
    examples = json_lines(path)
    assert len(examples) == 12
    for example in examples:
        assert list(example) == ["input", "preferred_output", "non_preferred_output"]
        assert [message["role"] for message in example["input"]["messages"]] == ["system", "user"]  # type: ignore[index]
        assert example["preferred_output"] != example["non_preferred_output"]


def is_batch_input(path: Path) -> None:
    model = models.model_for(Provider.OPENAI, "batch")
    assert model is not None
    requests = json_lines(path)
    assert len({request["custom_id"] for request in requests}) == 3
    for request in requests:
        assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
        body = request["body"]
        assert isinstance(body, dict)
        assert body["model"] == model.id
        assert body.items() >= model.settings.items()


def is_evaluation_data(path: Path) -> None:
    items = [line["item"] for line in json_lines(path)]
    assert len(items) == 8
    assert all(set(item) == {"question", "expected"} for item in items)  # type: ignore[call-overload]


def is_concurrent(size: int) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert len(path.read_bytes()) == size
        assert path.read_text(encoding="ascii").startswith(f"concurrent-{size}.txt\n")

    return check


def is_manual(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    # words are the fewest tokens that a tokenizer for English makes of a text
    assert len(text.split()) > 5_000
    for fact in ("amber-falcon-17", "room 204", "30 June 2031"):
        assert text.count(fact) == 1


def is_on_a_topic_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    assert 40 < len(text.split()) < 80

    # no content word of it stands in another of the ten
    def content(other: str) -> set[str]:
        return set(re.findall(r"[a-z]{6,}", fixture(other).read_text().lower()))

    mine = content(path.name)
    for other in TOPICS:
        if other != path.name:
            assert len(mine & content(other)) <= 4, other


def is_a_thousand_words(path: Path) -> None:
    words = path.read_text(encoding="ascii").split(" ")
    assert len(words) == len(set(words)) == 1000
    assert all(re.fullmatch(r"[a-z]{3,4}", word) for word in words)


def is_blank(path: Path) -> None:
    assert path.read_text(encoding="ascii").strip() == ""
    assert path.stat().st_size > 0


TOPICS = (
    *("bees.txt", "volcanoes.txt", "glaciers.txt", "bread.txt", "chess.txt", "violins.txt", "lighthouses.txt"),
    *("neural-networks.txt", "compilers.txt", "databases.txt"),
)
PROPERTIES: dict[str, Callable[[Path], None]] = {
    "notes-1k.txt": is_notes_of_1k,
    "empty.txt": has_size(0),
    "sample.json": is_json_object,
    "sample.csv": is_csv,
    "sample.txt": has_more_bytes_than_characters,
    "handbook.txt": is_handbook,
    "reference.md": is_markdown,
    "passphrase.pdf": is_pdf_with_passphrase,
    "sample.png": is_png,
    "training-10.jsonl": is_training_set_of_10,
    "training-9.jsonl": is_training_set_of(9),
    "training-12.jsonl": is_training_set_that_teaches,
    "training-preference.jsonl": is_preference_set,
    "training-bad-json.jsonl": is_spoilt({4: "not JSON"}),
    "training-bad-no-messages.jsonl": is_spoilt({5: "no messages"}),
    "training-bad-messages-not-list.jsonl": is_spoilt({6: "messages are no list"}),
    "training-bad-no-role.jsonl": is_spoilt({7: "no role"}),
    "training-bad-unknown-role.jsonl": is_spoilt({8: "unknown role"}),
    "training-bad-no-content.jsonl": is_spoilt({9: "no content"}),
    "training-bad-empty-list.jsonl": is_spoilt({10: "empty list"}),
    "training-bad-last-not-assistant.jsonl": is_spoilt({11: "last not assistant"}),
    "training-bad-legacy.jsonl": is_spoilt({2: "prompt and completion"}),
    "training-bad-blank-line.jsonl": is_spoilt({6: "blank"}),
    "training-bad-not-utf8.jsonl": is_spoilt({3: "not UTF-8"}),
    "training-bad-array.jsonl": is_spoilt({12: "no object"}),
    "training-two-bad.jsonl": is_spoilt({3: "last not assistant", 7: "no messages"}),
    "batch-requests.jsonl": is_batch_input,
    "evals-data.jsonl": is_evaluation_data,
    "manual.txt": is_manual,
    **dict.fromkeys(TOPICS, is_on_a_topic_of_its_own),
    "thousand-words.txt": is_a_thousand_words,
    "blank.txt": is_blank,
    **{f"concurrent-{size}.txt": is_concurrent(size) for size in range(101, 106)},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_property_holds(name: str) -> None:
    assert name in PROPERTIES, f"Say in PROPERTIES what holds of {name}."
    PROPERTIES[name](fixture(name))


# --- the manifest and the generator -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_is_true(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    assert manifest()[name].size_bytes == len(content)
    assert manifest()[name].sha256 == hashlib.sha256(content).hexdigest()


def test_every_row_of_the_manifest_is_tracked() -> None:
    used = {row for entry in manifest().values() for row in entry.rows}
    assert {row_id for row_id in used if tracker.row(row_id) is None} == set()


def test_the_generator_makes_what_is_in_the_repository() -> None:
    run = generate("--check")
    assert (run.returncode, run.stderr) == (0, "")


def test_the_generator_makes_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        assert generate("--folder", str(folder)).returncode == 0
    one = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert one == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert set(one) == {*NAMES, "manifest.toml"}


def test_the_check_names_each_difference(tmp_path: Path) -> None:
    assert generate("--folder", str(tmp_path)).returncode == 0
    (tmp_path / "empty.txt").unlink()
    (tmp_path / "sample.csv").write_bytes(b"changed")
    (tmp_path / "stray.txt").write_bytes(b"x")
    run = generate("--check", "--folder", str(tmp_path))
    assert run.returncode == 1
    assert run.stderr.splitlines()[:3] == [
        "empty.txt is missing.",
        "sample.csv differs from what its recipe makes.",
        "stray.txt is made by no recipe.",
    ]


# --- the loader -------------------------------------------------------------------------------------------------------


def test_an_unknown_fixture_is_refused_by_name() -> None:
    with pytest.raises(FixtureMissing, match=r'The fixture "no-such\.txt" is missing: .*generate\.py'):
        fixture("no-such.txt")


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "fixtures")
    (tmp_path / "fixtures" / "handbook.txt").unlink()
    with pytest.raises(FixtureMissing, match=r"handbook\.txt"):
        fixture("handbook.txt", tmp_path / "fixtures")


def test_a_changed_file_of_the_same_size_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "fixtures")
    path = tmp_path / "fixtures" / "handbook.txt"
    path.write_bytes(path.read_bytes().replace(b"28 days", b"29 days"))
    with pytest.raises(FixtureChanged, match=r'"handbook\.txt" is not the file'):
        fixture("handbook.txt", tmp_path / "fixtures")


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixtureMissing, match=r"manifest\.toml"):
        fixture("handbook.txt", tmp_path)


# --- what holds of all of them ----------------------------------------------------------------------------------------


def test_every_fixture_is_used_by_a_scenario_or_a_step() -> None:
    """Or still may be: a fixture waits for the scenarios of the rows that it names, until each of them has one."""
    features = [path.read_text(encoding="utf-8") for path in (ROOT / "features").rglob("*.feature")]
    steps = [path.read_text(encoding="utf-8") for path in (ROOT / "steps").rglob("*.py")]
    written = set(re.findall(r"@([A-Z]{2}-\d\d)\b", "\n".join(features)))
    text = "\n".join([*features, *steps])
    assert [name for name in NAMES if name not in text and written.issuperset(manifest()[name].rows)] == []


def test_every_row_that_a_fixture_names_has_a_scenario_with_it() -> None:
    """Fixtures that only a step names are left to the test above: their rows stand in no feature file."""
    used = set()
    for path in (ROOT / "features").rglob("*.feature"):
        for scenario in re.split(r"(?m)^(?=  @)", path.read_text(encoding="utf-8")):
            used |= {
                (name, row) for row in re.findall(r"@([A-Z]{2}-\d\d)\b", scenario) for name in NAMES if name in scenario
            }
    named = {name for name, _ in used}
    claimed = {(name, row) for name in named for row in manifest()[name].rows}
    assert claimed - used == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_fixture_holds_a_secret_or_personal_data(name: str) -> None:
    text = (FOLDER / name).read_bytes().decode("utf-8", errors="replace")
    secrets = r"sk-[\w-]{8}|sim-[\w-]{8}|AIza[\w-]{8}|AQ\.[\w-]{8}|Bearer\s|api[_-]?key|PRIVATE KEY|password"
    personal = r"[\w.+-]+@[\w-]+\.\w+|\+\d[\d ()/-]{7,}\d|\b(?:Mr|Mrs|Ms|Dr)\.? [A-Z]|\b\d{3}-\d{2}-\d{4}\b|\b[A-Z]{2}\d{2}(?: ?\d{4}){3}"
    assert re.findall(secrets, text, re.IGNORECASE) == []
    assert re.findall(personal, text) == []
