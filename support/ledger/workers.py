"""Which processes have the ledger open, and whether they live: what a dead one reserved is spent, and nobody waits for it."""

import os
import socket
import time
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, delete, insert, select, update

from support.ledger.database import Database, Statement
from support.ledger.schema import calls, workers

BEAT_SECONDS = 1.0
"""How often a living process says so."""
SILENT_SECONDS = 10.0
"""After so long without a word it counts as dead."""


def now_us() -> int:
    """Microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class Worker:
    """This process, as one that has the ledger open. The caller serialises all that is done here."""

    def __init__(self, database: Database) -> None:
        self._host = socket.gethostname()
        self._pid = os.getpid()
        self.id = f"{self._host}:{self._pid}:{uuid4().hex[:8]}"
        engine = database.engine
        self._join = Statement(insert(workers), engine, "id", "host", "pid", "seen_at")
        of_worker = workers.c.id == bindparam("worker")
        self._beat = Statement(
            update(workers).where(of_worker).values(seen_at=bindparam("now")), engine, "now", "worker"
        )
        self._leave = Statement(delete(workers).where(of_worker), engine, "worker")
        self._all = Statement(select(workers.c.id, workers.c.host, workers.c.pid, workers.c.seen_at), engine)
        theirs = (calls.c.worker == bindparam("dead"), calls.c.awaited.is_(True))
        self._write_off = Statement(update(calls).where(*theirs).values(awaited=False), engine, "awaited", "dead")

    def join(self, cursor: Any) -> None:
        """Enters this process, and takes the dead ones out; what they reserved stays reserved."""
        cursor.execute(self._join.text, self._join.bind(self.id, self._host, self._pid, now_us()))
        rows = self._rows(cursor)
        for dead in {row[0] for row in rows} - self._living(rows):
            cursor.execute(self._write_off.text, self._write_off.bind(False, dead))
            self.leave(cursor, dead)

    def beat(self, cursor: Any) -> None:
        cursor.execute(self._beat.text, self._beat.bind(now_us(), self.id))

    def leave(self, cursor: Any, worker: str | None = None) -> None:
        cursor.execute(self._leave.text, self._leave.bind(worker or self.id))

    def living(self, cursor: Any) -> set[str]:
        """The ids of the processes that live, this one among them."""
        return self._living(self._rows(cursor))

    def _rows(self, cursor: Any) -> list[tuple[str, str, int, int]]:
        cursor.execute(self._all.text, self._all.bind())
        rows: list[tuple[str, str, int, int]] = cursor.fetchall()
        return rows

    def _living(self, rows: Iterable[tuple[str, str, int, int]]) -> set[str]:
        since = now_us() - int(SILENT_SECONDS * 1e6)
        return {
            worker
            for worker, host, pid, seen_at in rows
            if worker == self.id or (seen_at >= since and (host != self._host or _runs(pid)))
        }


def _runs(pid: int) -> bool:
    """Whether a process of this machine has that number. Elsewhere than on POSIX only the heartbeat can tell."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
