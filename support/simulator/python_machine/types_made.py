"""The types that a program may make values of, and how each is made."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import budget, operations
from support.simulator.python_machine.budget import fits

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine

Args = list[Any]
Named = dict[str, Any]

budget.MAPPINGS.update({defaultdict, Counter})
budget.CONTAINERS.update({defaultdict, Counter, deque})


def construct(machine: Machine, kind: type, args: Args, kwargs: Named) -> Any:
    """`kind(…)`, for the types that a program may make values of."""
    if issubclass(kind, Exception):
        machine.budget.weigh(args)
        return kind(*args, **kwargs)
    made = CONSTRUCTED.get(kind)
    if made is None:
        raise TypeError(f"cannot create '{kind.__name__}' instances")
    return made(machine, args, kwargs)


def _plain(kind: Callable[..., Any]) -> Callable[[Any, Args, Named], Any]:
    return lambda machine, args, kwargs: kind(*args, **kwargs)


def _of_elements(kind: Callable[..., Any], hashed: bool) -> Callable[[Any, Args, Named], Any]:
    def made(machine: Machine, args: Args, kwargs: Named) -> Any:
        if len(args) != 1:
            return kind(*args, **kwargs)
        elements = machine.budget.taken(args[0])
        if hashed:
            machine.budget.hashed(elements)
        return kind(elements, **kwargs)

    return made


def _int(machine: Machine, args: Args, kwargs: Named) -> int:
    if args and isinstance(args[0], str):
        machine.budget.spend(min(len(args[0]), 5_000) ** 2 >> 13)
    return int(*args, **kwargs)


def _str(machine: Machine, args: Args, kwargs: Named) -> str:
    if len(args) == 1 and not kwargs:
        return operations.shown(machine.budget, args[0])
    return str(*args, **kwargs)


def _dict(machine: Machine, args: Args, kwargs: Named) -> dict[Any, Any]:
    return _mapping(machine, {}, args, kwargs)


def _mapping(machine: Machine, made: dict[Any, Any], args: Args, kwargs: Named) -> dict[Any, Any]:
    for arg in args:
        if isinstance(arg, dict):
            machine.budget.spend(len(arg) >> 2)
            made.update(arg)
        else:
            pairs: list[Any] = [machine.budget.taken(pair) for pair in machine.budget.taken(arg)]
            machine.budget.hashed(pair[0] for pair in pairs if pair)
            made.update(pairs)
    made.update(kwargs)
    return made


def _default(machine: Machine, args: Args, kwargs: Named) -> Any:
    if not args or args[0] is None:
        return _mapping(machine, defaultdict(None), args[1:], kwargs)
    return _mapping(machine, defaultdict(lambda: machine.call(args[0], [], {})), args[1:], kwargs)


def _counter(machine: Machine, args: Args, kwargs: Named) -> Any:
    if args and isinstance(args[0], dict):
        return Counter(args[0])
    elements = machine.budget.taken(args[0]) if args else []
    machine.budget.hashed(elements)
    return Counter(elements, **kwargs)


def _bytes(machine: Machine, args: Args, kwargs: Named) -> bytes:
    if args and isinstance(args[0], int):
        fits(args[0])
    return bytes(*(machine.budget.taken(arg) if isinstance(arg, list | tuple) else arg for arg in args), **kwargs)


def _type(machine: Machine, args: Args, kwargs: Named) -> type:
    if len(args) != 1 or kwargs:
        raise TypeError("type() takes 1 argument here")
    return type(args[0])


CONSTRUCTED: dict[type, Callable[[Any, Args, Named], Any]] = {
    int: _int,
    float: _plain(float),
    complex: _plain(complex),
    bool: _plain(bool),
    range: _plain(range),
    str: _str,
    bytes: _bytes,
    list: _of_elements(list, hashed=False),
    tuple: _of_elements(tuple, hashed=False),
    set: _of_elements(set, hashed=True),
    frozenset: _of_elements(frozenset, hashed=True),
    deque: _of_elements(deque, hashed=False),
    dict: _dict,
    defaultdict: _default,
    Counter: _counter,
    type: _type,
}
