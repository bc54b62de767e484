"""Where the ledger lies: SQLite in a folder, or any database that SQLAlchemy reaches. All that differs between them is here."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ClauseElement, Engine, Insert, Table
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError

from support.database import DatabaseOfCalls, compiled
from support.errors import SetupError
from support.ledger.schema import metadata

_PAGES_BEFORE_CHECKPOINT = 50_000
"""Of 1 kB: only if the upkeep thread, which empties the write-ahead log each second, does not come to it."""


class LedgerUnavailable(SetupError):
    """The ledger cannot be opened or written; nothing billable may happen without it."""


class Statement:
    """A Core statement, compiled once for the driver.

    `names` are its parameters in the order in which `bind` gets their values.
    """

    __slots__ = ("_names", "_pick", "text")

    def __init__(self, statement: ClauseElement, engine: Engine, *names: str) -> None:
        self.text, order = compiled(statement, engine, names)
        self._names = names if order is None else None
        self._pick = (
            itemgetter(*(names.index(name) for name in order)) if order is not None and order != list(names) else None
        )

    def bind(self, *values: object) -> Any:
        """The values as this driver takes them: by name, or in the statement's own order."""
        if self._names is not None:
            return dict(zip(self._names, values, strict=True))
        return values if self._pick is None else self._pick(values)


class Database(DatabaseOfCalls):
    """An engine, and one connection that is kept open for the short transactions of calls (one thread at a time)."""

    called = "ledger"
    damaged = "make that place writable, or move the damaged ledger away, or name another one"
    file_name = "ledger.db"
    metadata = metadata
    kind = LedgerUnavailable
    pragmas = (
        "page_size = 1024",  # of a new file: a call changes a few rows far apart, and the log takes whole pages
        f"wal_autocheckpoint = {_PAGES_BEFORE_CHECKPOINT}",
    )

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self._begin = "BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN"

    def _sqlite(self, url: URL) -> Engine:
        if url.database in (None, "", ":memory:"):
            raise ArgumentError("a ledger in memory would be lost with its process")
        return super()._sqlite(url)

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
            with suppress(self.driver_error):  # it may have undone the transaction itself
                cursor.execute("ROLLBACK")
            if isinstance(error, self.driver_error):
                raise self.unavailable(error) from error
            raise

    def commit(self) -> None:
        self.cursor.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The same cursor for one statement that only reads: it locks nobody out."""
        try:
            yield self.cursor
        except self.driver_error as error:
            raise self.unavailable(error) from error

    def insert_if_absent(self, table: Table) -> Insert:
        """An INSERT that leaves a row with the same key as it is; SQLite and PostgreSQL write it alike."""
        if self.dialect == "postgresql":
            # Loading that dialect takes 90 ms, which those on SQLite do not pay.
            from sqlalchemy.dialects.postgresql import insert as postgresql_insert

            return postgresql_insert(table).on_conflict_do_nothing()
        return sqlite_insert(table).on_conflict_do_nothing()
