"""Where the journal lies: SQLite in a folder, or any database that SQLAlchemy reaches; one statement is one transaction."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.sql.dml import UpdateBase

from support.database import DatabaseOfCalls, compiled
from support.errors import SetupError
from support.journal.schema import metadata

_PAGES_BEFORE_CHECKPOINT = 20_000
"""Of 4 kB: only if the heartbeat, which empties the write-ahead log, does not come to it; a call should not wait for that."""


class JournalUnavailable(SetupError):
    """The journal cannot be opened or written; no remote resource may be made without it."""


class Statement:
    """A Core statement, compiled once for the driver: what a create waits for has no time to be compiled again."""

    __slots__ = ("_order", "text")

    def __init__(self, statement: UpdateBase, engine: Engine, names: Sequence[str] | None = None) -> None:
        self.text, self._order = compiled(statement, engine, names)

    def bind(self, values: Mapping[str, Any]) -> Any:
        """The values as this driver takes them: in order, or by name."""
        return values if self._order is None else [values[name] for name in self._order]


class Database(DatabaseOfCalls):
    """An engine, and one connection that is kept open for the short writes of calls; threads take turns on it."""

    called = "journal"
    damaged = "make that place writable, or move the damaged journal away, or name another one"
    file_name = "journal.db"
    metadata = metadata
    kind = JournalUnavailable
    pragmas = (f"wal_autocheckpoint = {_PAGES_BEFORE_CHECKPOINT}",)

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self._turn = threading.Lock()

    def write(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """Runs one statement on the kept connection, committed on return; answers its rows, where it gives any."""
        with self._turn:
            cursor = self.cursor
            try:
                cursor.execute(statement.text, statement.bind(values))
                # The last row fetched ends the statement, and with it the transaction.
                return cursor.fetchall() if cursor.description else None
            except self.driver_error as error:
                raise self.unavailable(error) from error

    def transaction(self) -> AbstractContextManager[Connection]:
        """A connection of its own in one transaction, for what no call waits for."""
        return self._begun()
