"""Where the ledger lies: SQLite in a folder, or any database that SQLAlchemy reaches. All that differs between them is here."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ClauseElement, Connection, Engine, Insert, Table, create_engine, event, make_url, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from support.errors import SetupError
from support.ledger.schema import metadata

FILE_NAME = "ledger.db"

_BUSY_MS = 10_000
"""How long one transaction waits for another process's; theirs take well under a millisecond."""
_OPENING_SECONDS = 5.0
"""How long processes that open a new ledger at the same moment get out of each other's way."""
_PAGES_BEFORE_CHECKPOINT = 50_000
"""Of 1 kB: only if the upkeep thread, which empties the write-ahead log each second, does not come to it."""


class LedgerUnavailable(SetupError):
    """The ledger cannot be opened or written; nothing billable may happen without it."""


class Statement:
    """A Core statement, compiled once for the driver: through the engine each would take some 20 µs longer.

    `names` are its parameters in the order in which `bind` gets their values.
    """

    __slots__ = ("_names", "_pick", "text")

    def __init__(self, statement: ClauseElement, engine: Engine, *names: str) -> None:
        compiled = statement.compile(dialect=engine.dialect, column_keys=names or None)
        assert isinstance(compiled, SQLCompiler)
        self.text: str = compiled.string
        order = compiled.positiontup
        self._names = names if order is None else None
        self._pick = (
            itemgetter(*(names.index(name) for name in order)) if order is not None and order != list(names) else None
        )

    def bind(self, *values: object) -> Any:
        """The values as this driver takes them: by name, or in the statement's own order."""
        if self._names is not None:
            return dict(zip(self._names, values, strict=True))
        return values if self._pick is None else self._pick(values)


class Database:
    """An engine, and one connection that is kept open for the short transactions of calls (one thread at a time)."""

    def __init__(self, location: str | Path) -> None:
        self.place = str(location)
        """For messages; without a password."""
        try:
            self.engine = self._engine(location)
            self.dialect = self.engine.dialect.name
            if self.dialect == "sqlite":
                _tune_sqlite(self.engine)
            self._prepare()
            self._kept: Connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except (SQLAlchemyError, OSError, ImportError) as error:
            raise self.unavailable(error) from error
        self.cursor: Any = self._kept.connection.cursor()
        """The driver's own cursor."""
        self._driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        self._begin = "BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN"

    def _engine(self, location: str | Path) -> Engine:
        if "://" in str(location):
            url = make_url(str(location))
            self.place = url.render_as_string(hide_password=True)
            if url.get_backend_name() != "sqlite":
                return create_engine(url)
            if url.database in (None, "", ":memory:"):
                raise ArgumentError("a ledger in memory would be lost with its process")
        else:
            folder = Path(location)
            folder.mkdir(parents=True, exist_ok=True)
            url = URL.create("sqlite", database=str(folder / FILE_NAME))
        return create_engine(url, connect_args={"check_same_thread": False})

    def _prepare(self) -> None:
        """Makes the tables and probes them.

        Tried again for a while: SQLite does not queue those who turn a new file to write-ahead logging together, nor
        PostgreSQL those who create one table together.
        """
        deadline = time.monotonic() + _OPENING_SECONDS
        while True:
            try:
                metadata.create_all(self.engine)
                self._probe()
                return
            except SQLAlchemyError as error:
                collided = any(word in str(error) for word in ("locked", "already exists", "unique"))
                if not collided or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _probe(self) -> None:
        """Reads a row of each table with all its columns: finds a file that is no database, and tables of another shape."""
        with self.engine.connect() as connection:
            for table in metadata.sorted_tables:
                connection.execute(select(table).limit(1)).all()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """The kept connection's cursor in a transaction, which is undone unless `commit` is reached.

        On SQLite nobody else writes from its beginning on. Raises LedgerUnavailable where the database fails.
        """
        cursor = self.cursor
        try:
            cursor.execute(self._begin)
            yield cursor
        except BaseException as error:
            with suppress(self._driver_error):  # it may have undone the transaction itself
                cursor.execute("ROLLBACK")
            if isinstance(error, self._driver_error):
                raise self.unavailable(error) from error
            raise

    def commit(self) -> None:
        self.cursor.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The same cursor for one statement that only reads: it locks nobody out."""
        try:
            yield self.cursor
        except self._driver_error as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: Exception) -> LedgerUnavailable:
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
            advice = "make that place writable, or move the damaged ledger away, or name another one"
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return LedgerUnavailable(f"The ledger at {self.place} cannot be used ({cause}): {advice}.")

    def insert_if_absent(self, table: Table) -> Insert:
        """An INSERT that leaves a row with the same key as it is; SQLite and PostgreSQL write it alike."""
        if self.dialect == "postgresql":
            # Loading that dialect takes 90 ms, which those on SQLite do not pay.
            from sqlalchemy.dialects.postgresql import insert as postgresql_insert

            return postgresql_insert(table).on_conflict_do_nothing()
        return sqlite_insert(table).on_conflict_do_nothing()

    def tidy(self) -> None:
        """Moves what the write-ahead log holds into the file, beside the calls that go on."""
        if self.dialect != "sqlite":
            return
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()
        except SQLAlchemyError as error:
            raise self.unavailable(error) from error

    def close(self) -> None:
        self.cursor.close()
        self._kept.close()
        self.engine.dispose()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # Of a new file: a call changes a few rows far apart, and the log takes whole pages.
        cursor.execute("PRAGMA page_size = 1024")
        cursor.execute("PRAGMA journal_mode = WAL")
        # What is committed survives the death of the process; the machine's own death may take the last moments.
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BEFORE_CHECKPOINT}")
        cursor.close()
