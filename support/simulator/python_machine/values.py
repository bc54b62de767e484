"""What a program can hold beside plain values: functions, bound methods, modules, open files."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from support.simulator.python_machine.budget import Budget, fits


class Break(Exception):
    """`break`."""


class Continue(Exception):
    """`continue`."""


class Return(Exception):
    """`return`, with its value."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(slots=True, eq=False)
class Scope:
    """Names of one call, or of the whole program (`around` is None)."""

    names: dict[str, Any]
    around: Scope | None = None
    own: frozenset[str] | None = None
    """Names that are assigned in this function; None where every name may be."""
    outer: dict[str, Scope] = field(default_factory=dict)
    """Names declared `global` or `nonlocal`, and where they live."""


@dataclass(slots=True, eq=False, repr=False)
class Function:
    """A function of the program's own."""

    name: str
    arguments: ast.arguments
    body: list[ast.stmt] | ast.expr
    scope: Scope
    own: frozenset[str]
    defaults: list[Any]
    named_defaults: dict[str, Any]

    def __repr__(self) -> str:
        return f"<function {self.name}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Native:
    """A function of the library: `work(machine, positional, named)`."""

    name: str
    work: Callable[[Any, list[Any], dict[str, Any]], Any]

    def __repr__(self) -> str:
        return f"<built-in function {self.name}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Method:
    """A method with what it belongs to."""

    owner: Any
    name: str

    def __repr__(self) -> str:
        return f"<built-in method {self.name} of {type(self.owner).__name__} object>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Module:
    """A module of the library."""

    name: str
    names: dict[str, Any]

    def __repr__(self) -> str:
        return f"<module '{self.name}'>"


# As the messages of TypeErrors should name them.
for _kind, _shown in (
    (Function, "function"),
    (Native, "builtin_function_or_method"),
    (Method, "method"),
    (Module, "module"),
):
    _kind.__name__ = _shown


class OpenFile:
    """A file that a program opened, or an `io.StringIO` of its own; what it wrote is kept at the end."""

    METHODS = frozenset(
        {"read", "readline", "readlines", "write", "writelines", "close", "seek", "tell", "getvalue", "flush"}
    )

    def __init__(self, budget: Budget, name: str, mode: str, data: bytes) -> None:
        self._budget = budget
        self.name = name
        self.writes = mode[0] in "wax" or "+" in mode
        self._stream: Any
        self._stream = io.BytesIO() if "b" in mode else io.StringIO(newline=None if mode[0] == "r" else "")
        if mode[0] in "ra":
            self._stream.write(data if "b" in mode else data.decode("utf-8-sig"))
        if mode[0] == "r":
            self._stream.seek(0)
        self._text = "b" not in mode
        self.closed = False

    def call(self, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if method == "close":
            self.closed = True
            return None
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if method in ("write", "writelines"):
            if not self.writes:
                raise io.UnsupportedOperation("not writable")
            parts = args if method == "write" else self._budget.taken(*args)
            for part in parts:
                self._write(part)
            return len(parts[0]) if method == "write" and parts else None
        if method == "seek" and (not args or not isinstance(args[0], int) or args[0] > 1_000_000):
            raise ValueError("seek position out of range")
        return self._budget.made(getattr(self._stream, method)(*args, **kwargs))

    def _write(self, part: Any) -> None:
        self._budget.made(part)
        if isinstance(part, str):
            part.encode()  # what is no text is refused here, as CPython does
        fits(self._stream.tell() + (len(part) if isinstance(part, str | bytes) else 0))
        self._stream.write(part)

    def content(self) -> bytes:
        """All that is in it now."""
        value = self._stream.getvalue()
        return value.encode() if self._text else bytes(value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._stream)

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def __repr__(self) -> str:
        return f"<_io.TextIOWrapper name={self.name!r}>"
