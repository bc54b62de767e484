"""Where kept assistants and runs lie: SQLite in a folder or in memory, or any database that SQLAlchemy reaches."""

import atexit
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from support.errors import SetupError

FILE_NAME = "assistants.db"

_BUSY_MS = 10_000
"""How long one transaction waits for another process's; theirs take well under a millisecond."""
_OPENING_SECONDS = 5.0
"""How long processes that open a new store at the same moment get out of each other's way."""

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


class Database:
    """An engine with one connection to SQLite, which is kept open; threads take turns."""

    def __init__(self, place: str | None) -> None:
        self.place = place or "(memory)"
        """For messages; without a password."""
        self._turn = threading.Lock()
        try:
            self.engine = self._engine(place)
        except (SQLAlchemyError, OSError, ImportError) as error:
            raise self.unavailable(error) from error
        try:
            self._prepare()
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise self.unavailable(error) from error

    def _engine(self, place: str | None) -> Engine:
        if place is None:
            url = URL.create("sqlite")
        elif "://" in place:
            url = make_url(place)
            self.place = url.render_as_string(hide_password=True)
            if url.get_backend_name() != "sqlite":
                return create_engine(url)
        else:
            folder = Path(place)
            folder.mkdir(parents=True, exist_ok=True)
            url = URL.create("sqlite", database=str(folder / FILE_NAME))
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare(self) -> None:
        """Makes the tables and reads a row of each with all its columns: finds a file that is no database, or another's.

        Tried again for a while: SQLite does not queue those who turn a new file to write-ahead logging together, nor
        PostgreSQL those who create one table together.
        """
        deadline = time.monotonic() + _OPENING_SECONDS
        while True:
            try:
                with self.engine.begin() as connection:
                    metadata.create_all(connection)
                    for table in metadata.sorted_tables:
                        connection.execute(select(table).limit(1)).all()
                return
            except SQLAlchemyError as error:
                collided = any(word in str(error) for word in ("locked", "already exists", "unique"))
                if not collided or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in one short transaction; on SQLite nobody else writes from its beginning on."""
        with self._turn:
            try:
                with self.engine.begin() as connection:
                    yield connection
            except SQLAlchemyError as error:
                raise self.unavailable(error) from error

    def close(self) -> None:
        with self._turn:
            self.engine.dispose()

    def unavailable(self, error: Exception) -> KeptUnavailable:
        """The one sentence for a database that fails."""
        if isinstance(error, ArgumentError | NoSuchModuleError):
            advice = "give a folder or a database URL such as postgresql://user@host/name"
        elif isinstance(error, ImportError):
            advice = "install the database's Python driver"
        elif "locked" in str(error):
            advice = "another process holds it for too long: end that one"
        elif "://" in self.place:
            advice = "see that the server runs and lets this user make tables and write, or name another place"
        else:
            advice = f"make that place writable, or move a damaged {FILE_NAME} away, or name another place"
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return KeptUnavailable(f"The store of assistants at {self.place} cannot be used ({cause}): {advice}.")


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


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What is committed survives the death of the process; the machine's own death may take the last moments.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
