"""The modules that a program can import, with what they offer; imported when a program first imports anything."""

from __future__ import annotations

import ast
import csv
import functools
import itertools
import json
import math
import statistics
import string
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import operations
from support.simulator.python_machine.budget import WIDEST_BITS, fits
from support.simulator.python_machine.library import native
from support.simulator.python_machine.values import Module, Native, OpenFile

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine

Args = list[Any]
Named = dict[str, Any]

_DEEPEST = 100
_MOUNT = "/mnt/data"


# math, statistics ---------------------------------------------------------------------------------------------------


def _factorial(machine: Machine, args: Args, kwargs: Named) -> int:
    if args and isinstance(args[0], int) and args[0] > 4_000:
        raise MemoryError(f"a whole number of more than {WIDEST_BITS} bits")
    machine.budget.spend(1 + (args[0] >> 4 if args and isinstance(args[0], int) and args[0] > 0 else 0))
    return math.factorial(*args)


def _few(name: str, work: Callable[..., Any]) -> Native:
    """comb and perm: small numbers only."""

    def run(machine: Machine, args: Args, kwargs: Named) -> Any:
        if any(isinstance(arg, int) and arg > 4_000 for arg in args):
            raise MemoryError(f"{name}() of more than 4000")
        machine.budget.spend(200)
        return work(*args)

    return Native(name, run)


def _divisors(name: str, work: Callable[..., Any]) -> Native:
    def run(machine: Machine, args: Args, kwargs: Named) -> Any:
        bits = sum(arg.bit_length() for arg in args if isinstance(arg, int))
        if bits > WIDEST_BITS:
            raise MemoryError(f"{name}() of more than {WIDEST_BITS} bits")
        machine.budget.spend(1 + (bits * bits >> 20))
        return work(*args)

    return Native(name, run)


def _product(machine: Machine, args: Args, kwargs: Named) -> Any:
    total = kwargs.get("start", 1)
    for element in machine.budget.each(args[0]):
        total = operations.binary(machine.budget, ast.Mult, total, element)
    return total


def _figures(name: str, work: Callable[..., Any]) -> Native:
    """A function over lists of numbers."""

    def run(machine: Machine, args: Args, kwargs: Named) -> Any:
        lists = [machine.budget.taken(arg) if not isinstance(arg, int | float) else arg for arg in args]
        machine.budget.weigh(lists)
        machine.budget.weigh(lists)
        if int(kwargs.get("n", 4)) > 10_000:
            raise MemoryError(f"{name}() into more than 10000 parts")
        return work(*lists, **kwargs)

    return Native(name, run)


_MATH = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh degrees erf erfc exp exp2 expm1 fabs floor fmod "
    "frexp gamma hypot isclose isfinite isinf isnan isqrt ldexp lgamma log log10 log1p log2 modf pow radians remainder sin "
    "sinh sqrt tan tanh trunc"
)
_STATISTICS = (
    "mean fmean geometric_mean harmonic_mean median median_low median_high mode multimode pstdev pvariance stdev variance "
    "quantiles correlation covariance"
)

# csv, json, files ---------------------------------------------------------------------------------------------------


def _reader(machine: Machine, args: Args, kwargs: Named) -> Any:
    return csv.reader(machine.budget.each(args[0]), *args[1:], **kwargs)


def _dict_reader(machine: Machine, args: Args, kwargs: Named) -> Any:
    return csv.DictReader(machine.budget.each(args[0]), *args[1:], **kwargs)


class _Sink:
    """What a writer of csv writes to."""

    def __init__(self, file: Any) -> None:
        if not isinstance(file, OpenFile):
            raise TypeError('argument 1 must have a "write" method')
        self._file = file

    def write(self, text: str) -> Any:
        return self._file.call("write", [text], {})


def _writer(machine: Machine, args: Args, kwargs: Named) -> Any:
    return csv.writer(_Sink(args[0]), *args[1:], **kwargs)


def _dict_writer(machine: Machine, args: Args, kwargs: Named) -> Any:
    return csv.DictWriter(_Sink(args[0]), *args[1:], **kwargs)


def _dumps(machine: Machine, args: Args, kwargs: Named) -> str:
    machine.budget.weigh(args[0])
    known = {
        name: value for name, value in kwargs.items() if name in ("indent", "sort_keys", "ensure_ascii", "separators")
    }
    indent = known.get("indent")
    if indent is not None:
        width = indent if isinstance(indent, int) else len(str(indent))
        close = json.dumps(args[0])
        fits((close.count(",") + close.count("{") + close.count("[") + 1) * (1 + width) * _depth(args[0]))
    return json.dumps(args[0], **known)


def _depth(value: Any, level: int = 1) -> int:
    if level > _DEEPEST:
        raise RecursionError("maximum recursion depth exceeded while encoding a JSON object")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return max((_depth(part, level + 1) for part in inner), default=level)


def _dump(machine: Machine, args: Args, kwargs: Named) -> None:
    args[1].call("write", [_dumps(machine, args, kwargs)], {})


def _loads(machine: Machine, args: Args, kwargs: Named) -> Any:
    machine.budget.spend(len(args[0]) >> 2)
    return json.loads(args[0])


def _load(machine: Machine, args: Args, kwargs: Named) -> Any:
    return _loads(machine, [args[0].call("read", [], {})], {})


def _string_io(machine: Machine, args: Args, kwargs: Named) -> OpenFile:
    return OpenFile(machine.budget, "<string>", "r+", (args[0] if args else "").encode())


def _list_dir(machine: Machine, args: Args, kwargs: Named) -> list[str]:
    if args and str(args[0]).rstrip("/") not in (_MOUNT, "."):
        raise FileNotFoundError(2, "No such file or directory", str(args[0]))
    return sorted(machine.kept())


# itertools, functools -----------------------------------------------------------------------------------------------


def _pooled(name: str, work: Callable[..., Any]) -> Native:
    """A function that keeps all it is given, and goes through it in some order."""

    def run(machine: Machine, args: Args, kwargs: Named) -> Any:
        if any(isinstance(value, int) and value > 1_000 for value in (*args, *kwargs.values())):
            raise MemoryError(f"{name}() of more than 1000 elements")
        return work(*(arg if isinstance(arg, int) else machine.budget.taken(arg) for arg in args), **kwargs)

    return Native(name, run)


def _chain(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    return (element for source in args for element in machine.budget.each(source))


def _islice(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    return itertools.islice(machine.budget.each(args[0]), *args[1:])


def _accumulate(machine: Machine, args: Args, kwargs: Named) -> Iterator[Any]:
    def step(total: Any, element: Any) -> Any:
        if len(args) > 1:
            return machine.call(args[1], [total, element], {})
        return operations.binary(machine.budget, ast.Add, total, element)

    return itertools.accumulate(machine.budget.each(args[0]), step, initial=kwargs.get("initial"))


def _reduce(machine: Machine, args: Args, kwargs: Named) -> Any:
    return functools.reduce(
        lambda total, element: machine.call(args[0], [total, element], {}), machine.budget.each(args[1]), *args[2:]
    )


def _natives(**functions: Callable[[Any, Args, Named], Any]) -> dict[str, Any]:
    return {name: Native(name, work) for name, work in functions.items()}


_PATH = Module(
    "os.path",
    {
        **_natives(exists=lambda machine, args, kwargs: machine.local(str(args[0])) in machine.kept()),
        "basename": native("basename", lambda path: path.rpartition("/")[2]),
        "join": native("join", lambda *parts: "/".join(part.rstrip("/") for part in parts)),
    },
)
MODULES: dict[str, Module] = {
    module.name: module
    for module in (
        Module(
            "math",
            {
                **{name: native(name, getattr(math, name)) for name in _MATH.split()},
                **{name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")},
                **{name: _few(name, getattr(math, name)) for name in ("comb", "perm")},
                **{name: _divisors(name, getattr(math, name)) for name in ("gcd", "lcm")},
                **{name: _figures(name, getattr(math, name)) for name in ("fsum", "dist")},
                **_natives(factorial=_factorial, prod=_product),
            },
        ),
        Module("statistics", {name: _figures(name, getattr(statistics, name)) for name in _STATISTICS.split()}),
        Module("csv", _natives(reader=_reader, DictReader=_dict_reader, writer=_writer, DictWriter=_dict_writer)),
        Module("json", _natives(dumps=_dumps, dump=_dump, loads=_loads, load=_load)),
        Module("io", _natives(StringIO=_string_io)),
        Module("os", {**_natives(listdir=_list_dir), "path": _PATH}),
        _PATH,
        Module("collections", {"Counter": Counter, "defaultdict": defaultdict, "deque": deque}),
        Module(
            "itertools",
            {
                **{
                    name: _pooled(name, getattr(itertools, name))
                    for name in ("product", "permutations", "combinations")
                },
                **_natives(chain=_chain, islice=_islice, accumulate=_accumulate),
                "count": native("count", itertools.count),
                "repeat": native("repeat", itertools.repeat),
            },
        ),
        Module("functools", _natives(reduce=_reduce)),
        Module(
            "string",
            {
                name: getattr(string, name)
                for name in ("ascii_lowercase", "ascii_uppercase", "ascii_letters", "digits", "punctuation")
            },
        ),
    )
}
