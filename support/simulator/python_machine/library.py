"""What a program can name without importing it, and how it imports."""

from __future__ import annotations

import ast
import builtins
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import members, operations
from support.simulator.python_machine.types_made import CONSTRUCTED
from support.simulator.python_machine.values import Module, Native, OpenFile

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine

Args = list[Any]
Named = dict[str, Any]

_NAMED_EXCEPTIONS = (
    "ArithmeticError AssertionError AttributeError EOFError Exception FileExistsError FileNotFoundError ImportError "
    "IndexError IOError KeyError LookupError ModuleNotFoundError NameError NotImplementedError OSError OverflowError "
    "PermissionError RecursionError RuntimeError StopIteration TimeoutError TypeError UnicodeDecodeError UnicodeEncodeError "
    "UnicodeError ValueError ZeroDivisionError"
)


# Functions ----------------------------------------------------------------------------------------------------------


def _print(machine: Machine, args: Args, kwargs: Named) -> None:
    separator, end = kwargs.get("sep"), kwargs.get("end")
    parts = [operations.shown(machine.budget, arg) for arg in args]
    text = (" " if separator is None else separator).join(parts) + ("\n" if end is None else end)
    file = kwargs.get("file")
    if isinstance(file, OpenFile):
        file.call("write", [text], {})
    else:
        machine.write(text)


def _sum(machine: Machine, args: Args, kwargs: Named) -> Any:
    total = args[1] if len(args) > 1 else kwargs.get("start", 0)
    if isinstance(total, str):
        raise TypeError("sum() can't sum strings [use ''.join(seq) instead]")
    for element in machine.budget.each(args[0]):
        total = operations.binary(machine.budget, ast.Add, total, element)
    return total


def _extreme(name: str, pick: Callable[..., int]) -> Native:
    def work(machine: Machine, args: Args, kwargs: Named) -> Any:
        values = machine.budget.taken(args[0]) if len(args) == 1 else list(args)
        if not values:
            if "default" in kwargs:
                return kwargs["default"]
            raise ValueError(f"{name}() arg is an empty sequence")
        key = kwargs.get("key")
        keys = values if key is None else [machine.call(key, [value], {}) for value in values]
        machine.budget.weigh(keys)
        return values[pick(range(len(values)), key=keys.__getitem__)]

    return Native(name, work)


def _sorted(machine: Machine, args: Args, kwargs: Named) -> list[Any]:
    return members.ordered(machine, machine.budget.taken(args[0]), kwargs.get("key"), kwargs.get("reverse", False))


def _zip(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    return zip(*map(machine.budget.each, args), strict=bool(kwargs.get("strict", False)))


def _map(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    called, *sources = args
    return (machine.call(called, list(row), {}) for row in zip(*map(machine.budget.each, sources), strict=False))


def _filter(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    test, source = args
    return (x for x in machine.budget.each(source) if (x if test is None else machine.call(test, [x], {})))


def _open(machine: Machine, args: Args, kwargs: Named) -> OpenFile:
    name = str(args[0] if args else kwargs["file"])
    mode = str(args[1] if len(args) > 1 else kwargs.get("mode", "r"))
    return machine.open(name, mode)


def _round(machine: Machine, args: Args, kwargs: Named) -> Any:
    digits = args[1] if len(args) > 1 else kwargs.get("ndigits")
    if isinstance(digits, int) and abs(digits) > 400:
        raise MemoryError("round() to more than 400 digits")
    return round(args[0], digits)


def _divmod(machine: Machine, args: Args, kwargs: Named) -> Any:
    one, other = args
    return operations.binary(machine.budget, ast.FloorDiv, one, other), one % other


def _next(machine: Machine, args: Args, kwargs: Named) -> Any:
    return next(*args)


def _callable(machine: Machine, args: Args, kwargs: Named) -> bool:
    return isinstance(args[0], type) or type(args[0]).__name__ in ("function", "builtin_function_or_method", "method")


def _is_instance(machine: Machine, args: Args, kwargs: Named) -> bool:
    machine.budget.hashed(args[1:])
    return isinstance(*args)


def _input(machine: Machine, args: Args, kwargs: Named) -> str:
    raise EOFError("EOF when reading a line")


def _eager(name: str, work: Callable[..., Any]) -> Native:
    """A function that walks all of what it is given."""

    def run(machine: Machine, args: Args, kwargs: Named) -> Any:
        machine.budget.weigh(args)
        return work(*args, **kwargs)

    return Native(name, run)


def _with_each(name: str, work: Callable[..., Any]) -> Native:
    """A function over the elements of its first argument, one by one."""
    return Native(name, lambda machine, args, kwargs: work(machine.budget.each(args[0]), *args[1:], **kwargs))


def native(name: str, work: Callable[..., Any]) -> Native:
    """A function of Python's that takes no containers and makes nothing large."""
    return Native(name, lambda machine, args, kwargs: work(*args, **kwargs))


_FUNCTIONS: dict[str, Native] = {
    function.name: function
    for function in (
        *(native(name, getattr(builtins, name)) for name in ("abs", "chr", "ord", "bin", "hex", "oct", "len", "iter")),
        *(_with_each(name, getattr(builtins, name)) for name in ("any", "all", "enumerate")),
        *(_eager(name, getattr(builtins, name)) for name in ("repr", "ascii", "hash")),
        Native("isinstance", _is_instance),
        Native("print", _print),
        Native("sum", _sum),
        _extreme("min", min),
        _extreme("max", max),
        Native("sorted", _sorted),
        native("reversed", reversed),
        Native("zip", _zip),
        Native("map", _map),
        Native("filter", _filter),
        Native("open", _open),
        Native("round", _round),
        Native("divmod", _divmod),
        Native("pow", lambda machine, args, kwargs: operations.power(machine.budget, *args, **kwargs)),
        Native("next", _next),
        Native("callable", _callable),
        Native("input", _input),
        Native(
            "format", lambda machine, args, kwargs: operations.formatted(machine.budget, args[0], *args[1:] or ("",))
        ),
    )
}
BUILTINS: dict[str, Any] = {
    **_FUNCTIONS,
    **{kind.__name__: kind for kind in CONSTRUCTED if kind not in (deque, defaultdict, Counter)},
    **{name: getattr(builtins, name) for name in _NAMED_EXCEPTIONS.split()},
}


def module(name: str) -> Module:
    """The module of that name; raises ModuleNotFoundError in CPython's words."""
    from support.simulator.python_machine.modules import MODULES

    found = MODULES.get(name)
    if found is None:
        raise ModuleNotFoundError(f"No module named '{name}'")
    return found
