"""What is known beforehand, as data with sources: models, limits, retirements, tracker rows, prices, fixtures."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


class Confidence(StrEnum):
    """How well a fact is founded (docs/provider-facts.md, section 0)."""

    SURE = "sure"
    LIKELY = "likely"
    UNKNOWN = "unknown"


def read(name: str) -> dict[str, Any]:
    """The parsed content of one of the catalogue's own TOML files."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
