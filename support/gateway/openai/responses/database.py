"""Where kept assistants and runs lie: SQLite in a folder or in memory, or any database that SQLAlchemy reaches."""

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    StaticPool,
    String,
    Table,
    Text,
    event,
)

from support.database import SharedDatabase
from support.errors import SetupError

FILE_NAME = "assistants.db"

_MOST_OPEN = 8
"""Files that one process has open; the others are opened again when they are needed."""

metadata = MetaData()

# The names leave room for the journal and the ledger, which may lie in the same database.
assistants = Table(
    "kept_assistants",
    metadata,
    Column("number", Integer, primary_key=True),  # the order of creation, where times are equal
    Column("id", String(64), nullable=False, unique=True),
    Column("account", String(64), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),  # microseconds since 1970
    Column("marker", String(64), nullable=False),
    Column("description", Text, nullable=False),
)
runs = Table(
    "kept_runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("account", String(64), nullable=False, index=True),
    Column("thread_id", String(128), nullable=False, index=True),
    Column("assistant_id", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)


class KeptUnavailable(SetupError):
    """The store of assistants cannot be opened, read or written."""


class Database(SharedDatabase):
    """An engine with one connection to SQLite, which is kept open; threads take turns."""

    called = "store of assistants"
    damaged = f"make that place writable, or move a damaged {FILE_NAME} away, or name another place"
    file_name = FILE_NAME
    metadata = metadata
    kind = KeptUnavailable
    options: ClassVar[dict[str, Any]] = {"poolclass": StaticPool}

    def __init__(self, place: str | None) -> None:
        self._turn = threading.Lock()
        self._in_memory = place is None
        super().__init__("(memory)" if place is None else place)

    def _engine(self, location: str | Path) -> Engine:
        return self._sqlite(URL.create("sqlite")) if self._in_memory else super()._engine(location)

    def _sqlite(self, url: URL) -> Engine:
        engine = super()._sqlite(url)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _tune(self, connection: Any, record: object) -> None:
        connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
        super()._tune(connection, record)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in one short transaction; on SQLite nobody else writes from its beginning on."""
        with self._turn, self._begun() as connection:
            yield connection

    def close(self) -> None:
        with self._turn:
            super().close()


_open: dict[str | None, Database] = {}
"""Those of this process, the one that was opened first in front."""
_opening = threading.Lock()


def opened(place: str | None) -> Database:
    """The one store of this process at a place; None: in memory, for as long as the process lives."""
    with _opening:
        if place not in _open:
            _open[place] = Database(place)
            for old in [one for one in _open if one is not None][:-_MOST_OPEN]:
                _open.pop(old).close()
        return _open[place]


@atexit.register
def _close_all() -> None:
    while _open:
        _open.popitem()[1].close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
