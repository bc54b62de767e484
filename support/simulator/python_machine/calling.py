"""Calls and unpacking: arguments to parameters, values to targets, and which names a function has of its own."""

from __future__ import annotations

import ast
from itertools import islice
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine.values import Function

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine


def bound(called: Function, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Parameters and what they get; raises TypeError in CPython's words."""
    takes, name = called.arguments, f"{called.name}()"
    positional = [argument.arg for argument in (*takes.posonlyargs, *takes.args)]
    names = dict(zip(positional, args, strict=False))
    if len(args) > len(positional) and takes.vararg is None:
        count = len(positional)
        some = f"from {count - len(called.defaults)} to {count}" if called.defaults else str(count)
        plural = "" if count == 1 and not called.defaults else "s"
        were = "was" if len(args) == 1 else "were"
        raise TypeError(f"{name} takes {some} positional argument{plural} but {len(args)} {were} given")
    if takes.vararg is not None:
        names[takes.vararg.arg] = tuple(args[len(positional) :])
    rest: dict[str, Any] = {}
    by_name = {argument.arg for argument in (*takes.args, *takes.kwonlyargs)}
    for key, value in kwargs.items():
        if key in by_name:
            if key in names:
                raise TypeError(f"{name} got multiple values for argument '{key}'")
            names[key] = value
        elif takes.kwarg is not None:
            rest[key] = value
        else:
            raise TypeError(f"{name} got an unexpected keyword argument '{key}'")
    if takes.kwarg is not None:
        names[takes.kwarg.arg] = rest
    if called.defaults:
        for key, value in zip(positional[-len(called.defaults) :], called.defaults, strict=True):
            names.setdefault(key, value)
    for key, value in called.named_defaults.items():
        names.setdefault(key, value)
    _check_given(name, names, positional, [argument.arg for argument in takes.kwonlyargs])
    return names


def _check_given(name: str, names: dict[str, Any], positional: list[str], named: list[str]) -> None:
    for kind, wanted in (("positional", positional), ("keyword-only", named)):
        missing = [f"'{key}'" for key in wanted if key not in names]
        if missing:
            listed = (
                missing[0]
                if len(missing) == 1
                else f"{', '.join(missing[:-1])}{',' if len(missing) > 2 else ''} and {missing[-1]}"
            )
            plural = "" if len(missing) == 1 else "s"
            raise TypeError(f"{name} missing {len(missing)} required {kind} argument{plural}: {listed}")


def unpack(machine: Machine, targets: list[ast.expr], value: Any) -> None:
    """`a, *b = value`."""
    try:
        iter(value)
    except TypeError:
        raise TypeError(f"cannot unpack non-iterable {type(value).__name__} object") from None
    starred = next((number for number, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if starred is None:
        found = list(islice(machine.budget.each(value), len(targets) + 1))
        if len(found) > len(targets):
            raise ValueError(f"too many values to unpack (expected {len(targets)})")
        if len(found) < len(targets):
            raise ValueError(f"not enough values to unpack (expected {len(targets)}, got {len(found)})")
    else:
        elements = machine.budget.taken(value)
        after = len(targets) - starred - 1
        if len(elements) < starred + after:
            raise ValueError(f"not enough values to unpack (expected at least {starred + after}, got {len(elements)})")
        end = len(elements) - after
        found = [*elements[:starred], elements[starred:end], *elements[end:]]
    for target, element in zip(targets, found, strict=True):
        machine.assign(target, element)


def own_names(arguments: ast.arguments, body: list[ast.stmt] | ast.expr) -> frozenset[str]:
    """Names that a function assigns, without those it declares to live elsewhere."""
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    given += [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    finder = _Names({argument.arg for argument in given})
    for node in [body] if isinstance(body, ast.expr) else body:
        finder.visit(node)
    return frozenset(finder.own - finder.elsewhere)


class _Names(ast.NodeVisitor):
    def __init__(self, own: set[str]) -> None:
        self.own = own
        self.elsewhere: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.own.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.own.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        del node

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._walruses(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._walruses(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._walruses(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._walruses(node)

    def _walruses(self, node: ast.expr) -> None:
        self.own |= {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}

    def visit_Import(self, node: ast.Import) -> None:
        self.own |= {(name.asname or name.name).partition(".")[0] for name in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.own |= {name.asname or name.name for name in node.names}

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.own.add(node.name)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.elsewhere |= set(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.elsewhere |= set(node.names)
