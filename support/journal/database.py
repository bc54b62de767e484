"""Where the journal lies: SQLite in a folder, or any database that SQLAlchemy reaches; one statement is one transaction."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from support.errors import SetupError
from support.journal.schema import metadata

FILE_NAME = "journal.db"

_BUSY_MS = 10_000
"""How long one transaction waits for another process's; theirs take well under a millisecond."""
_PAGES_BEFORE_CHECKPOINT = 20_000
"""Of 4 kB: only if the heartbeat, which empties the write-ahead log, does not come to it; a call should not wait for that."""
_OPENING_SECONDS = 5.0
"""How long processes that open a new journal at the same moment get out of each other's way."""


class JournalUnavailable(SetupError):
    """The journal cannot be opened or written; no remote resource may be made without it."""


class Statement:
    """A Core statement, compiled once for the driver: what a create waits for has no time to be compiled again."""

    __slots__ = ("_names", "_order", "text")

    def __init__(self, statement: UpdateBase, engine: Engine, names: Sequence[str] | None = None) -> None:
        compiled = statement.compile(dialect=engine.dialect, column_keys=list(names) if names else None)
        assert isinstance(compiled, SQLCompiler)
        self.text: str = compiled.string
        self._order = compiled.positiontup

    def bind(self, values: Mapping[str, Any]) -> Any:
        """The values as this driver takes them: in order, or by name."""
        return values if self._order is None else [values[name] for name in self._order]


class Database:
    """An engine, and one connection that is kept open for the short writes of calls; threads take turns on it."""

    def __init__(self, location: str | Path) -> None:
        self.place = str(location)
        """For messages; without a password."""
        self._turn = threading.Lock()
        try:
            self.engine = self._engine(location)
        except (ArgumentError, NoSuchModuleError, OSError, ImportError) as error:
            raise self._unavailable(error) from error
        self._driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        try:
            self._prepare()
            self._kept: Connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._cursor: Any = self._kept.connection.cursor()
        except (DBAPIError, self._driver_error) as error:
            self.engine.dispose()
            raise self._unavailable(error) from error

    def _engine(self, location: str | Path) -> Engine:
        if "://" in str(location):
            url = make_url(str(location))
            self.place = url.render_as_string(hide_password=True)
        else:
            folder = Path(location)
            folder.mkdir(parents=True, exist_ok=True)
            url = make_url(f"sqlite:///{folder / FILE_NAME}")
        if url.get_backend_name() != "sqlite":
            return create_engine(url)
        engine = create_engine(url, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _tune_sqlite)
        return engine

    def _prepare(self) -> None:
        """Makes the tables, and reads a row of each with all its columns: finds a file that is no database, or another's.

        Tried again for a while: SQLite does not queue those who turn a new file to write-ahead logging together, nor
        PostgreSQL those who create one table together.
        """
        deadline = time.monotonic() + _OPENING_SECONDS
        while True:
            try:
                with self.engine.begin() as connection:
                    for table in metadata.sorted_tables:
                        connection.execute(CreateTable(table, if_not_exists=True))
                        for index in table.indexes:
                            connection.execute(CreateIndex(index, if_not_exists=True))
                        connection.execute(select(table).limit(1)).all()
                return
            except (DBAPIError, self._driver_error) as error:
                collided = "locked" in str(error) or "unique" in str(error)
                if not collided or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def write(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """Runs one statement on the kept connection, committed on return; answers its rows, where it gives any."""
        with self._turn:
            cursor = self._cursor
            try:
                cursor.execute(statement.text, statement.bind(values))
                # The last row fetched ends the statement, and with it the transaction.
                return cursor.fetchall() if cursor.description else None
            except self._driver_error as error:
                raise self._unavailable(error) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection of its own in one transaction, for what no call waits for."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (DBAPIError, self._driver_error) as error:
            raise self._unavailable(error) from error

    def tidy(self) -> None:
        """Moves what the write-ahead log holds into the file, beside the calls that go on."""
        if self.engine.dialect.name == "sqlite":
            with self.transaction() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()

    def _unavailable(self, error: Exception) -> JournalUnavailable:
        """The one sentence for a database that fails."""
        if isinstance(error, ArgumentError | NoSuchModuleError):
            advice = "give a folder or a database URL such as postgresql://user@host/name"
        elif isinstance(error, ImportError):
            advice = "install the database's Python driver"
        elif "connection" in str(error):
            advice = "make that database reachable, or name another one"
        elif "locked" in str(error):
            advice = "another process holds it for too long: end that one"
        else:
            advice = "make that place writable, or move the damaged journal away, or name another one"
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return JournalUnavailable(f"The journal at {self.place} cannot be used ({cause}): {advice}.")

    def close(self) -> None:
        self._cursor.close()
        self._kept.close()
        self.engine.dispose()


def _tune_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What is committed survives the death of the process; the machine's own death may take the last moments.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BEFORE_CHECKPOINT}")
    cursor.close()
