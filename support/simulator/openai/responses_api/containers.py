"""Containers, in which the code interpreter works, and their files (openai 3.54.0, types/container*). No HTTP here.

A container that nobody has used for its number of minutes, 20 unless the caller chose, is gone with its files (the provider's
guide). Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from support.simulator.openai.files import StoredFile
from support.simulator.openai.responses_api import naming

FOLDER = "/mnt/data/"
USUAL_MINUTES = 20


@dataclass(slots=True)
class ContainerFile:
    """A file in a container."""

    id: str
    created_at: int
    name: str
    data: bytes
    source: Literal["user", "assistant"]


@dataclass(slots=True)
class Container:
    """One container."""

    id: str
    name: str
    created_at: int
    last_active_at: float
    minutes: int
    memory_limit: str
    files: dict[str, ContainerFile] = field(default_factory=dict)

    def expired(self, now: float) -> bool:
        return now >= self.last_active_at + self.minutes * 60

    def put(self, name: str, data: bytes, source: Literal["user", "assistant"], now: float) -> ContainerFile:
        """A new file; one of the same name is replaced."""
        self.last_active_at = now
        for known in [file.id for file in self.files.values() if file.name == name]:
            del self.files[known]
        made = ContainerFile(naming.container_file(now), int(now), name, data, source)
        self.files[made.id] = made
        return made

    def contents(self) -> dict[str, bytes]:
        """The files by name, as a program sees them."""
        return {file.name: file.data for file in self.files.values()}


@dataclass(slots=True)
class ContainerShelf:
    """An account's containers, oldest first; the expired are gone at the next look."""

    containers: dict[str, Container] = field(default_factory=dict)

    def add(
        self,
        name: str,
        files: Iterable[StoredFile],
        now: float,
        *,
        minutes: int = USUAL_MINUTES,
        memory_limit: str = "1g",
    ) -> Container:
        made = Container(naming.container(now), name, int(now), now, minutes, memory_limit)
        for file in files:
            made.put(file.name, file.data, "user", now)
        self.containers[made.id] = made
        return made

    def get(self, container_id: str, now: float) -> Container | None:
        return self.living(now).get(container_id)

    def living(self, now: float) -> dict[str, Container]:
        """Those that have not expired."""
        for container_id in [known.id for known in self.containers.values() if known.expired(now)]:
            del self.containers[container_id]
        return self.containers
