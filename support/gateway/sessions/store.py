"""Sessions on disk: one file each, that grows by what happened; two processes never overwrite each other."""

import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from support.errors import Conflict, InvalidState, NotFound
from support.gateway.clock import Clock
from support.gateway.sessions import lines
from support.gateway.sessions.lines import HEADER_SIZE, Header, Unreadable
from support.gateway.sessions.session import Session
from support.gateway.sessions.values import SavedSession

DAY = timedelta(hours=24)
_ENDING = ".jsonl"
_UNFINISHED = ".unfinished"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SPARE_LINES = 200


class SessionStore:
    """A folder of sessions, for as many processes as there are.

    With a `limit`, a session that is saved for the first time puts out the one that was used least recently, in real time.
    """

    def __init__(self, folder: Path, limit: int | None = None, *, clock: Clock) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"limit must be 1 or more, not {limit}")
        self.folder = folder
        self.limit = limit
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, session: Session, *, anew: bool = False) -> None:
        """Puts a session on the disk, whole or not at all: it outlives this process, and the machine, when this returns.

        Raises Conflict where another process saved it since it was loaded here, InvalidState where its file cannot be read,
        and NotFound where it was deleted or put out meanwhile; `anew` saves it all the same.
        """
        path = self._path(session.id)
        with self._locked():
            if session.revision and not (anew and not path.exists()):
                self._append(path, session)
            elif path.exists():
                raise _conflict(session.id)
            else:
                self._write(path, session)
                self._evict(path)

    def load(self, id: str) -> Session:
        """A session as it was saved. Raises NotFound, and InvalidState for a file that is none; it is left as it is."""
        path = self._path(id)
        with self._locked():
            try:
                content = path.read_bytes()
            except FileNotFoundError as error:
                raise self._unknown(id) from error
            try:
                session = lines.session_of(content, id, self._clock)
            except Unreadable as why:
                raise _unreadable(path, why) from why
            _used(path)
        return session

    def list(self) -> tuple[SavedSession, ...]:
        """The sessions that can be read, the least recently used first."""
        with self._locked():
            return tuple(
                SavedSession(id=header.id, revision=header.revision, used_at=header.used_at)
                for _, header in self._headers()
            )

    def delete(self, id: str) -> None:
        """Raises NotFound."""
        with self._locked():
            try:
                self._path(id).unlink()
            except FileNotFoundError as error:
                raise self._unknown(id) from error
            _flush(self.folder)

    def sweep(self, idle: timedelta = DAY, *, now: datetime) -> tuple[str, ...]:
        """Removes the sessions that were not used for so long; answers their ids. What cannot be read stays."""
        with self._locked():
            gone = [(path, header.id) for path, header in self._headers() if is_idle(header.used_at, now, idle)]
            for path in (*(path for path, _ in gone), *self.folder.glob(f"*{_UNFINISHED}")):
                path.unlink()
            _flush(self.folder)
        return tuple(id for _, id in gone)

    # The files --------------------------------------------------------------------------------------------------------

    def _append(self, path: Path, session: Session) -> None:
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError as error:
            raise self._unknown(session.id) from error
        try:
            header = _header(file, path)
            if differs(header.revision, session.revision):
                raise _conflict(session.id)
            if os.fstat(file).st_size < header.length:
                raise _unreadable(path, Unreadable("it was cut short"))
            happened = lines.new_lines(session)
            if not happened and session.used_at == header.used_at:
                _used(path)
                return
            if header.lines + len(happened) > 2 * _live(session) + _SPARE_LINES:
                self._write(path, session)
                return
            body = b"".join(happened)
            after = header.followed(body, lines=len(happened), used_at=session.used_at)
            os.ftruncate(file, header.length)  # what a killed process left there
            _put(file, body, header.length)
            os.fdatasync(file)
            _put(file, after.line(), 0)
            os.fdatasync(file)
        finally:
            os.close(file)
        _saved(session, path, after)

    def _write(self, path: Path, session: Session) -> None:
        """The whole file, beside the old one and then in its place."""
        happened = lines.all_lines(session)
        body = b"".join(happened)
        empty = lines.fresh(session.id, session.revision, session.used_at)
        header = empty.followed(body, lines=len(happened), used_at=session.used_at)
        unfinished = path.with_suffix(_UNFINISHED)
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _put(file, header.line() + body, 0)
            os.fsync(file)
        finally:
            os.close(file)
        unfinished.rename(path)
        _flush(self.folder)
        _saved(session, path, header)

    def _evict(self, saved: Path) -> None:
        if self.limit is None:
            return
        others = [path for path, _ in self._headers() if path != saved]
        for path in evicted(others, len(others) + 1 - self.limit):
            path.unlink()
        _flush(self.folder)

    def _headers(self) -> Sequence[tuple[Path, Header]]:
        """The files that are sessions, the least recently used first."""
        found = []
        for path in sorted(self.folder.glob(f"*{_ENDING}"), key=lambda path: path.stat().st_mtime_ns):
            try:
                with path.open("rb") as file:
                    header = lines.header_of(file.read(HEADER_SIZE))
            except Unreadable:
                continue
            if header.id == path.name.removesuffix(_ENDING):
                found.append((path, header))
        return found

    def _path(self, id: str) -> Path:
        if not _ID.fullmatch(id):
            raise self._unknown(id)
        return self.folder / f"{id}{_ENDING}"

    def _unknown(self, id: str) -> NotFound:
        return NotFound(f"there is no session {id} in {self.folder}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        file = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


# What the store decides: looked up when it does -------------------------------------------------------------------------


def is_idle(used_at: datetime, now: datetime, idle: timedelta) -> bool:
    """Whether a session was not used for so long."""
    return now - used_at >= idle


def evicted(paths: Sequence[Path], count: int) -> Sequence[Path]:
    """Which of the files go, of those that are sorted by their last use."""
    return paths[: max(count, 0)]


def differs(revision: int, known: int) -> bool:
    """Whether the file is not the one that was loaded."""
    return revision != known


def _live(session: Session) -> int:
    """Lines that a file of the session needs."""
    held = sum(1 + len(one.messages) for one in session.checkpoints.values())
    return 2 + len(session.messages) + len(session.turns) + held


def _header(file: int, path: Path) -> Header:
    try:
        return lines.header_of(os.pread(file, HEADER_SIZE, 0))
    except Unreadable as why:
        raise _unreadable(path, why) from why


def _saved(session: Session, path: Path, header: Header) -> None:
    session.revision = header.revision
    session.saved = session.about
    session.unsaved.clear()
    _used(path)


def _used(path: Path) -> None:
    """Notes the moment: a file system's own clock is too coarse to tell two saves apart."""
    now = time.time_ns()
    os.utime(path, ns=(now, now))


def _put(file: int, what: bytes, place: int) -> None:
    view = memoryview(what)
    while view:
        written = os.pwrite(file, view, place)
        view, place = view[written:], place + written


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _conflict(id: str) -> Conflict:
    return Conflict(f"session {id} was saved by another process meanwhile; load it again")


def _unreadable(path: Path, why: Unreadable) -> InvalidState:
    return InvalidState(f"the session file {path} cannot be used: {why}; move it away, or bring back a copy of it")
