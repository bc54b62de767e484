"""What a scenario shows beside its sentences: for Allure as a file, for the console as lines."""

from dataclasses import dataclass
from typing import Literal

MediaType = Literal["application/json", "image/svg+xml", "text/csv"]
EXTENSIONS: dict[MediaType, str] = {"application/json": "json", "image/svg+xml": "svg", "text/csv": "csv"}


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One thing to look at."""

    title: str
    media_type: MediaType
    content: str
    lines: tuple[str, ...] = ()
    """What the console says of it, where it does."""
