"""A folder of Allure results: one run in it, written safely beside other processes, without secrets."""

import fcntl
import json
import os
from collections.abc import Iterator
from concurrent.futures import Future as Writing
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import allure_commons
import attr

from support.errors import SetupError
from support.reporting.redaction import redactor

_RUN = ".run"
"""Holds the id of the folder's run; a folder without it was filled by other tools, whose results stay."""
_UNKNOWN = "-"
_OURS = (
    "*-result.json",
    "*-container.json",
    "*-globals.json",
    "*-attachment.*",
    "*-attachment",
    "*.tmp",
    "categories.json",
    "environment.properties",
    "executor.json",
)


class ResultsFolder:
    """A plugin of allure_commons that writes what it is told to one folder.

    A folder holds one run. What an earlier run of ours left is removed, unless processes share the run (`-D run=ID`), or another
    run is writing here at this moment: its results are not ours to remove.
    """

    def __init__(self, path: Path, run_id: str | None) -> None:
        """Raises SetupError where the folder cannot be made or written."""
        self.path = path
        self._id = uuid4().hex
        """In the names of files that are being written: another process of the run writes some of the same."""
        self.written: set[str] = set()
        """The names of the result files that this process wrote."""
        self.failures: list[str] = []
        """What could not be written, one sentence each."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _claim(path, run_id)
        except OSError as error:
            raise SetupError(
                f"The results folder {_shown(path)} cannot be written ({error.strerror}): make it writable, or remove what is in its place."
            ) from error

        # One thread, so that files appear in the order they were told; the disk's share is a tenth of a simulated run.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="results")
        self._under_way: list[Writing[None]] = []

    def close(self) -> None:
        """Lets go of the folder, once all is written, so that the next run may clear it."""
        self._writer.shutdown()
        self._lock.close()

    def flush(self) -> None:
        """Returns when all that was told is on disk, or noted in `failures`."""
        wait(self._under_way)
        self._under_way.clear()

    def write(self, name: str, content: str | bytes) -> None:
        """Writes one file whole or not at all, in a while (`flush`); text loses its secrets. A failure is noted, never raised."""
        data = redactor.clean(content).encode() if isinstance(content, str) else content
        self._under_way.append(self._writer.submit(self._put, name, data))

    def _put(self, name: str, data: bytes) -> None:
        temporary = f"{self.path}/{name}.{self._id}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, f"{self.path}/{name}")
        except OSError as error:
            self.failures.append(f"{_shown(self.path / name)} could not be written: {error.strerror}.")

    def write_json(self, name: str, data: Any) -> None:
        """The same for plain data; secrets go before it becomes JSON, where they would be escaped."""
        self.write(name, json.dumps(redactor.clean_values(data), ensure_ascii=False))

    def _report(self, item: Any) -> str:
        name: str = item.file_pattern.format(prefix=uuid4())
        self.write_json(name, attr.asdict(item, filter=lambda _, value: bool(value) or value is False))
        return name

    @allure_commons.hookimpl
    def report_result(self, result: Any) -> None:
        self.written.add(self._report(result))

    @allure_commons.hookimpl
    def report_container(self, container: Any) -> None:
        self._report(container)

    @allure_commons.hookimpl
    def report_globals(self, globals_item: Any) -> None:
        self._report(globals_item)

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        if isinstance(body, bytes):
            with suppress(UnicodeDecodeError):
                body = body.decode("utf-8")
        self.write(file_name, body)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        try:
            body = Path(source).read_bytes()
        except OSError as error:
            self.failures.append(f"{source} could not be attached: {error.strerror}.")
        else:
            self.report_attached_data(body, file_name)


def run_of(path: Path) -> str | None:
    """The id of the run whose results the folder holds; None where no run of this suite filled it."""
    try:
        run = (path / _RUN).read_text(encoding="utf-8")
    except OSError:
        return None
    return None if run in ("", _UNKNOWN) else run


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _claim(path: Path, run_id: str | None) -> TextIO:
    """Takes a share in the folder for as long as the file stays open; clears it first if nobody else has one."""
    lock = (path / _RUN).open("a+", encoding="utf-8")
    with _alone(lock) as alone:
        lock.seek(0)
        before = lock.read()
        if alone and before != run_id:
            for pattern in _OURS if before else ():
                for old in path.glob(pattern):
                    old.unlink(missing_ok=True)
            lock.truncate(0)
            lock.write(run_id or _UNKNOWN)
            lock.flush()
    return lock


@contextmanager
def _alone(lock: TextIO) -> Iterator[bool]:
    """Whether no other process holds a share; afterwards, this one does."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    yield alone
    fcntl.flock(lock, fcntl.LOCK_SH)
