"""A database that several processes share: an SQLite file in a folder, or any that SQLAlchemy reaches; what is the same for all."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import URL, ClauseElement, Connection, Engine, MetaData, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler

from support.errors import SetupError

BUSY_MS = 10_000
"""How long one transaction waits for another process's; theirs take well under a millisecond."""
OPENING_SECONDS = 5.0
"""How long processes that open a new database at the same moment get out of each other's way."""


class SharedDatabase:
    """An engine whose tables are there; a subclass says what lies in it, and how it is called when it fails."""

    called: ClassVar[str]
    """In the middle of a sentence: "ledger"."""
    damaged: ClassVar[str]
    """What to do about an SQLite file that fails."""
    file_name: ClassVar[str]
    metadata: ClassVar[MetaData]
    kind: ClassVar[type[SetupError]]
    """Raised where the database fails."""
    pragmas: ClassVar[Sequence[str]] = ()
    """Of each connection to SQLite, beyond those of all."""
    options: ClassVar[dict[str, Any]] = {}
    """Of an engine for SQLite."""

    def __init__(self, location: str | Path) -> None:
        self.place = str(location)
        """For messages; without a password."""
        try:
            self.engine = self._engine(location)
        except (SQLAlchemyError, OSError, ImportError) as error:
            raise self.unavailable(error) from error
        self.dialect = self.engine.dialect.name
        self.driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        try:
            self._open()
        except (SQLAlchemyError, OSError, ImportError, self.driver_error) as error:
            self.engine.dispose()
            raise self.unavailable(error) from error

    def _engine(self, location: str | Path) -> Engine:
        if "://" in str(location):
            url = make_url(str(location))
            self.place = url.render_as_string(hide_password=True)
            if url.get_backend_name() != "sqlite":
                return create_engine(url)
        else:
            folder = Path(location)
            folder.mkdir(parents=True, exist_ok=True)
            url = URL.create("sqlite", database=str(folder / self.file_name))
        return self._sqlite(url)

    def _sqlite(self, url: URL) -> Engine:
        engine = create_engine(url, connect_args={"check_same_thread": False}, **self.options)
        event.listen(engine, "connect", self._tune)
        return engine

    def _tune(self, connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        for pragma in self.pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # What is committed survives the death of the process; the machine's own death may take the last moments.
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    def _open(self) -> None:
        """Makes the tables, and reads a row of each with all its columns: finds a file that is no database, or another's.

        Tried again for a while: SQLite does not queue those who turn a new file to write-ahead logging together, nor
        PostgreSQL those who create one table together.
        """
        deadline = time.monotonic() + OPENING_SECONDS
        while True:
            try:
                with self.engine.begin() as connection:
                    self._prepare(connection)
                return
            except (SQLAlchemyError, self.driver_error) as error:
                collided = any(word in str(error) for word in ("locked", "already exists", "unique"))
                if not collided or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _prepare(self, connection: Connection) -> None:
        for table in self.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            connection.execute(select(table).limit(1)).all()
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """A connection in one transaction of its own."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, self.driver_error) as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: Exception) -> SetupError:
        """The one sentence for a database that fails."""
        if isinstance(error, ArgumentError | NoSuchModuleError):
            advice = "give a folder or a database URL such as postgresql://user@host/name"
        elif isinstance(error, ImportError):
            advice = "install the database's Python driver"
        elif "locked" in str(error):
            advice = "another process holds it for too long: end that one"
        else:
            advice = self._advice(error)
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return self.kind(f"The {self.called} at {self.place} cannot be used ({cause}): {advice}.")

    def _advice(self, error: Exception) -> str:
        if "://" in self.place:
            return "see that the server runs and lets this user make tables and write, or name another place"
        return self.damaged

    def close(self) -> None:
        self.engine.dispose()


class DatabaseOfCalls(SharedDatabase):
    """One connection is kept open for the short statements that calls wait for; each commits for itself."""

    def _open(self) -> None:
        super()._open()
        self._kept: Connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.cursor: Any = self._kept.connection.cursor()
        """The driver's own cursor; one thread at a time."""

    def tidy(self) -> None:
        """Moves what the write-ahead log holds into the file, beside the calls that go on."""
        if self.dialect == "sqlite":
            with self._begun() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()

    def close(self) -> None:
        self.cursor.close()
        self._kept.close()
        super().close()


def compiled(statement: ClauseElement, engine: Engine, names: Sequence[str] | None) -> tuple[str, Sequence[str] | None]:
    """A Core statement for the driver, and the order in which it takes the values; None where it takes them by name.

    Through the engine each would be compiled, or looked up, again: some 20 µs.
    """
    made = statement.compile(dialect=engine.dialect, column_keys=list(names) if names else None)
    assert isinstance(made, SQLCompiler)
    return made.string, made.positiontup
