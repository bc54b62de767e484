"""The last audit, as far as the tracker's report needs it: read from audit.json, which may be old, partial or not there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from support.values import Provider

NAME = "audit.json"
NOTICED = "noticed"
EXCLUDED = "excluded by design"
_SOURCES = (".feature", ".py", ".toml")


class _Told(BaseModel):
    """What is read of the file; it says more than that."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Tried(_Told):
    """One switch, thrown at one row's scenarios with one provider."""

    row: str
    layer: str
    switch: str
    does: str
    provider: Provider
    verdict: str
    scenario: str = ""
    sentence: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict in (NOTICED, EXCLUDED)


class _CleanPass(_Told):
    red: tuple[str, ...] = ()


class _File(_Told):
    began_at: datetime | None = None
    passes: tuple[_CleanPass, ...] = ()
    units: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class LastAudit:
    """What was tried, when, and what has changed since."""

    began_at: datetime | None = None
    """None: there is no audit, or none that can be read."""
    tried: tuple[Tried, ...] = ()
    changed: str = ""
    """A file of the suite that was changed after the audit began; empty where none was."""
    red: int = 0
    """Scenarios that were red without any switch."""
    unreadable: bool = False

    @property
    def is_stale(self) -> bool:
        return bool(self.changed)


def read(path: Path, sources: Sequence[Path]) -> LastAudit:
    """The audit that `path` holds, held against what the folders of `sources` look like now."""
    try:
        told = _File.model_validate_json(path.read_bytes())
        began_at = told.began_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return LastAudit()
    except (OSError, ValidationError):
        return LastAudit(unreadable=True)
    red = max((len(one.red) for one in told.passes), default=0)
    return LastAudit(began_at, told.units, _changed_since(began_at, sources), red)


def _changed_since(moment: datetime, sources: Sequence[Path]) -> str:
    newest, at = "", moment.timestamp()
    for folder in sources:
        for path in _files(folder):
            if (changed := path.stat().st_mtime) > at:
                newest, at = str(path), changed
    return newest


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in _SOURCES and path.is_file())
