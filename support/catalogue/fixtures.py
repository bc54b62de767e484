"""The files that scenarios send, by name: a file whose bytes are not those of the manifest is refused."""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from support.errors import SetupError

FOLDER = Path(__file__).resolve().parents[2] / "fixtures"
REMEDY = "run `python fixtures/generate.py`"


class FixtureMissing(SetupError):
    """The fixture is in no manifest, or its file is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f'The fixture "{name}" is missing: check the name in fixtures/manifest.toml, or {REMEDY}.')
        self.name = name


class FixtureChanged(SetupError):
    """The file's bytes are not those that the manifest records."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The fixture "{name}" is not the file that its manifest describes: {REMEDY} to write it again.'
        )
        self.name = name


class Fixture(BaseModel):
    """One entry of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    sha256: str
    holds: str
    """What is true of the file, in words."""
    rows: tuple[str, ...]
    """Ids of the tracker rows that send it."""


@cache
def manifest(folder: Path = FOLDER) -> Mapping[str, Fixture]:
    """All fixtures by name.

    Raises FixtureMissing when the manifest itself is not there.
    """
    path = folder / "manifest.toml"
    if not path.is_file():
        raise FixtureMissing(path.name)
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["fixture"]
    return MappingProxyType({entry["name"]: Fixture.model_validate(entry) for entry in entries})


@cache
def fixture(name: str, folder: Path = FOLDER) -> Path:
    """The path of a fixture, checked against the manifest once in a process.

    Raises FixtureMissing for an unknown name or an absent file, FixtureChanged when its size or SHA-256 differs.
    """
    entry = manifest(folder).get(name)
    path = folder / name
    if entry is None or not path.is_file():
        raise FixtureMissing(name)
    content = path.read_bytes()
    if len(content) != entry.size_bytes or hashlib.sha256(content).hexdigest() != entry.sha256:
        raise FixtureChanged(name)
    return path
