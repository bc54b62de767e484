"""The ledger's one thread: writes settlements that no later call took along, says that the process lives, empties the log."""

import threading
import time
from collections.abc import Callable

from support.ledger.database import LedgerUnavailable
from support.ledger.workers import BEAT_SECONDS

WRITE_SECONDS = 0.02
"""The longest that a settlement stays unwritten; other processes see the reservation until then."""


class Upkeep:
    """Calls `write` soon after `wake`, and `beat` once a second; both are expected to lock for themselves."""

    def __init__(self, write: Callable[[], bool], beat: Callable[[], None]) -> None:
        self._write = write
        self._beat = beat
        self._wake = threading.Event()
        self._over = threading.Event()
        self._asleep = True
        self._thread = threading.Thread(target=self._run, name="ledger upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to write. Costs nothing while the thread is at work, as it is during a run of calls."""
        if self._asleep:
            self._asleep = False
            self._wake.set()

    def stop(self) -> None:
        self._over.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        next_beat = time.monotonic() + BEAT_SECONDS
        while not self._over.is_set():
            if self._asleep:
                self._wake.wait(max(0.0, next_beat - time.monotonic()))
                self._wake.clear()
            if self._over.wait(WRITE_SECONDS):
                return
            try:
                # Asleep is said before the last look, so that a settlement in between wakes the thread again.
                self._asleep = True
                if self._write():
                    self._asleep = False
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + BEAT_SECONDS
                    self._beat()
            except LedgerUnavailable:
                # What could not be written is kept; the next call, flush or close meets the same trouble and says so.
                self._asleep = False
