"""The values that the providers document where they choose from a closed set: closed_sets.toml, read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_TABLE = {
    (entry["provider"], entry["key"]): frozenset(entry["values"])
    for entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["set"]
}


def documented(provider: str, path: str) -> frozenset[str] | None:
    """What may stand at a path, as text; None where the provider may write anything."""
    return _TABLE.get((provider, re.split(r"[./]", path)[-1]))
