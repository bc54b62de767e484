"""The machine: walks a program's syntax tree, statement by statement, with names, calls and frames of its own.

It never hands anything to `exec` or `eval`, imports nothing, and reads and writes only the files it was given. Classes,
generator functions, decorators, `match` and `async` are refused with NotImplementedError.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from support.simulator.python_machine import calling, library, members, operations, types_made
from support.simulator.python_machine.budget import Budget, Exhausted, fits
from support.simulator.python_machine.expressions import evaluate
from support.simulator.python_machine.statements import EXECUTE
from support.simulator.python_machine.values import Break, Continue, Function, Method, Native, OpenFile, Return, Scope

DEEPEST = 150
"""Calls of the program's own functions inside one another."""
LONGEST_OUTPUT = 100_000
LARGEST_FILE = 20_000_000
_MODE = re.compile(r"[rwax](?:b|t)?\+?(?:b|t)?")


class Machine:
    """One run of one program."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.budget = Budget()
        self.scope = self.globals = Scope({"__name__": "__main__"})
        self.frames: list[list[Any]] = [["<module>", 1]]
        self.output: list[str] = []
        self.files = dict(files)
        self.opened: list[OpenFile] = []
        self.handling: list[BaseException] = []
        self.raised: BaseException | None = None
        self.trace: list[tuple[str, int]] = []
        self._printed = 0

    def run(self, tree: ast.Module) -> None:
        """Run the program; as in a notebook, the value of an expression on the last line is shown."""
        *before, last = tree.body or [ast.Pass()]
        self.block(before)
        if not isinstance(last, ast.Expr):
            self.block([last])
            return
        self._stepped(last, lambda: self._show(evaluate(self, last.value)))

    def _show(self, value: Any) -> None:
        if value is not None:
            self.write(operations.represented(self.budget, value) + "\n")

    def write(self, text: str) -> None:
        """Print; what goes beyond the longest output is cut off."""
        self.budget.made(text)
        text.encode()  # what is no text cannot be printed
        if self._printed < LONGEST_OUTPUT:
            self.output.append(text[: LONGEST_OUTPUT - self._printed])
            self._printed += len(text)

    # Files -----------------------------------------------------------------------------------------------------------

    @staticmethod
    def local(path: str) -> str:
        """The name of a file without the folder that all files lie in."""
        return path.removeprefix("/mnt/data/").removeprefix("./")

    def open(self, path: str, mode: str) -> OpenFile:
        name = self.local(path)
        name.encode()  # as above
        if not _MODE.fullmatch(mode):
            raise ValueError(f"invalid mode: '{mode[:20]}'")
        data = self.kept().get(name)
        if data is None and mode[0] == "r":
            raise FileNotFoundError(2, "No such file or directory", path)
        if data is not None and mode[0] == "x":
            raise FileExistsError(17, "File exists", path)
        if len(data or b"") > LARGEST_FILE:
            raise MemoryError(f"a file of more than {LARGEST_FILE} bytes")
        self.budget.spend(len(data or b"") >> 10)
        file = OpenFile(self.budget, name, mode, data or b"")
        if file.writes:
            self.opened.append(file)
        return file

    def kept(self) -> dict[str, bytes]:
        """All files as they are now."""
        return {**self.files, **self.written()}

    def written(self) -> dict[str, bytes]:
        """Files that the program wrote."""
        return {file.name: file.content() for file in self.opened}

    # Names -----------------------------------------------------------------------------------------------------------

    def look_up(self, name: str) -> Any:
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.outer:
                scope = scope.outer[name]
            if name in scope.names:
                return scope.names[name]
            if scope.own is not None and name in scope.own:
                raise UnboundLocalError(
                    f"cannot access local variable '{name}' where it is not associated with a value"
                )
            scope = scope.around
        if name in library.BUILTINS:
            return library.BUILTINS[name]
        raise NameError(f"name '{name}' is not defined")

    def assign_name(self, name: str, value: Any, *, past_comprehensions: bool = False) -> None:
        scope = self.scope
        while past_comprehensions and scope.own is None and scope.around is not None:
            scope = scope.around
        scope.outer.get(name, scope).names[name] = value

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assign_name(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            calling.unpack(self, target.elts, value)
        elif isinstance(target, ast.Subscript):
            holder, key = self.place(target)
            if type(key) is slice:
                value = self.budget.taken(value)
                fits(len(holder) + len(value))
                self.budget.spend(len(holder) >> 5)
            holder[key] = value
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value)
        else:
            held = evaluate(self, target.value) if isinstance(target, ast.Attribute) else None
            name = target.attr if isinstance(target, ast.Attribute) else ""
            raise AttributeError(f"'{type(held).__name__}' object attribute '{name}' is read-only")

    def place(self, target: ast.Subscript) -> tuple[Any, Any]:
        """The container and the key of `container[key]`, for a change."""
        holder, key = evaluate(self, target.value), evaluate(self, target.slice)
        if not members.can_be_indexed(holder):
            raise TypeError(f"'{type(holder).__name__}' object does not support item assignment")
        self.budget.hashed((key,))
        return holder, key

    # Calls -----------------------------------------------------------------------------------------------------------

    def function(self, name: str, arguments: ast.arguments, body: list[ast.stmt] | ast.expr) -> Function:
        """A function that sees the names around it."""
        defaults = [evaluate(self, default) for default in arguments.defaults]
        named = {
            argument.arg: evaluate(self, default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        }
        own = calling.own_names(arguments, body)
        return Function(name, arguments, body, self.scope, own, defaults, named)

    def call(self, called: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call whatever the program calls."""
        self.budget.spend()
        if isinstance(called, Function):
            return self._call_own(called, args, kwargs)
        if isinstance(called, Native):
            return self.budget.made(called.work(self, args, kwargs))
        if isinstance(called, Method):
            return members.call(self, called, args, kwargs)
        if isinstance(called, type):
            return self.budget.made(types_made.construct(self, called, args, kwargs))
        raise TypeError(f"'{type(called).__name__}' object is not callable")

    def _call_own(self, called: Function, args: list[Any], kwargs: dict[str, Any]) -> Any:
        names = calling.bound(called, args, kwargs)
        if len(self.frames) > DEEPEST:
            raise RecursionError("maximum recursion depth exceeded")
        around = self.scope
        line = called.body.lineno if isinstance(called.body, ast.expr) else called.body[0].lineno
        self.frames.append([called.name, line])
        self.scope = Scope(names, called.scope, called.own)
        try:
            if isinstance(called.body, ast.expr):
                return self._traced(lambda: evaluate(self, called.body))  # type: ignore[arg-type]
            self.block(called.body)
        except Return as returned:
            return returned.value
        finally:
            self.scope = around
            self.frames.pop()
        return None

    # Statements ------------------------------------------------------------------------------------------------------

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            work = EXECUTE.get(type(statement), _refuse)
            self._stepped(statement, partial(work, self, statement))

    def _stepped(self, statement: ast.stmt, work: Callable[[], Any]) -> Any:
        self.frames[-1][1] = statement.lineno
        return self._traced(work)

    def _traced(self, work: Callable[[], Any]) -> Any:
        """Run this; where it raises, remember where the program was."""
        try:
            self.budget.spend()
            return work()
        except (Break, Continue, Return):
            raise
        except (Exception, Exhausted) as error:
            if error is not self.raised:
                self.raised, self.trace = error, [(name, line) for name, line in self.frames]
            raise


def _refuse(machine: Machine, statement: ast.stmt) -> None:
    raise NotImplementedError(f"{type(statement).__name__} statements cannot be used here")
