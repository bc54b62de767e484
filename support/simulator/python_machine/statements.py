"""Statements: one function a kind of node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import library, operations
from support.simulator.python_machine.expressions import evaluate
from support.simulator.python_machine.values import Break, Continue, OpenFile, Return, Scope

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine


def _expression(machine: Machine, node: ast.Expr) -> None:
    evaluate(machine, node.value)


def _assign(machine: Machine, node: ast.Assign) -> None:
    value = evaluate(machine, node.value)
    for target in node.targets:
        machine.assign(target, value)


def _annotated(machine: Machine, node: ast.AnnAssign) -> None:
    if node.value is not None:
        machine.assign(node.target, evaluate(machine, node.value))


def _augmented(machine: Machine, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Subscript):
        holder, key = machine.place(node.target)
        holder[key] = _changed(machine, node, holder[key])
    else:
        now = machine.look_up(node.target.id) if isinstance(node.target, ast.Name) else None
        machine.assign(node.target, _changed(machine, node, now))


def _changed(machine: Machine, node: ast.AugAssign, now: Any) -> Any:
    other = evaluate(machine, node.value)
    if isinstance(now, list) and isinstance(node.op, ast.Add):
        now.extend(machine.budget.taken(other))
        machine.budget.made(now) if len(now) > 100_000 else None
        return now
    made = operations.binary(machine.budget, type(node.op), now, other)
    if isinstance(now, set) and isinstance(made, set):
        kept = set(made)
        now.clear()
        now.update(kept)
        return now
    return made


def _for(machine: Machine, node: ast.For) -> None:
    for element in machine.budget.each(evaluate(machine, node.iter)):
        machine.assign(node.target, element)
        try:
            machine.block(node.body)
        except Continue:
            continue
        except Break:
            return
    machine.block(node.orelse)


def _while(machine: Machine, node: ast.While) -> None:
    while evaluate(machine, node.test):
        machine.budget.spend()
        try:
            machine.block(node.body)
        except Continue:
            continue
        except Break:
            return
    machine.block(node.orelse)


def _if(machine: Machine, node: ast.If) -> None:
    machine.block(node.body if evaluate(machine, node.test) else node.orelse)


def _pass(machine: Machine, node: ast.Pass) -> None:
    del machine, node


def _break(machine: Machine, node: ast.Break) -> None:
    raise Break


def _continue(machine: Machine, node: ast.Continue) -> None:
    raise Continue


def _return(machine: Machine, node: ast.Return) -> None:
    raise Return(None if node.value is None else evaluate(machine, node.value))


def _define(machine: Machine, node: ast.FunctionDef) -> None:
    if node.decorator_list:
        raise NotImplementedError("decorators cannot be used here")
    machine.assign_name(node.name, machine.function(node.name, node.args, node.body))


def _global(machine: Machine, node: ast.Global) -> None:
    for name in node.names:
        machine.scope.outer[name] = machine.globals


def _nonlocal(machine: Machine, node: ast.Nonlocal) -> None:
    for name in node.names:
        scope: Scope | None = machine.scope.around
        while scope is not None and name not in scope.names and name not in (scope.own or ()):
            scope = scope.around
        machine.scope.outer[name] = scope or machine.globals


def _delete(machine: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            machine.look_up(target.id)
            machine.scope.outer.get(target.id, machine.scope).names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            holder, key = machine.place(target)
            machine.budget.spend(len(holder) >> 5)
            del holder[key]
        else:
            raise NotImplementedError("only names and elements can be deleted here")


def _assert(machine: Machine, node: ast.Assert) -> None:
    if not evaluate(machine, node.test):
        raise AssertionError(*([] if node.msg is None else [evaluate(machine, node.msg)]))


def _raise(machine: Machine, node: ast.Raise) -> None:
    if node.exc is None:
        if not machine.handling:
            raise RuntimeError("No active exception to reraise")
        raise machine.handling[-1]
    raised = evaluate(machine, node.exc)
    if isinstance(raised, type) and issubclass(raised, Exception):
        raised = machine.call(raised, [], {})
    if not isinstance(raised, Exception):
        raise TypeError("exceptions must derive from BaseException")
    raise raised


def _try(machine: Machine, node: ast.Try) -> None:
    try:
        try:
            machine.block(node.body)
        except (Break, Continue, Return):
            raise
        except Exception as error:
            _handle(machine, node, error)
        else:
            machine.block(node.orelse)
    finally:
        machine.block(node.finalbody)


def _handle(machine: Machine, node: ast.Try, error: Exception) -> None:
    for handler in node.handlers:
        kinds: Any = Exception if handler.type is None else evaluate(machine, handler.type)
        machine.budget.hashed((kinds,))
        if not isinstance(error, kinds):
            continue
        if handler.name:
            machine.assign_name(handler.name, error)
        machine.handling.append(error)
        try:
            machine.block(handler.body)
        finally:
            machine.handling.pop()
        return
    raise error


def _with(machine: Machine, node: ast.With) -> None:
    opened: list[OpenFile] = []
    try:
        for item in node.items:
            held = evaluate(machine, item.context_expr)
            if not isinstance(held, OpenFile):
                raise TypeError(f"'{type(held).__name__}' object does not support the context manager protocol")
            opened.append(held)
            if item.optional_vars is not None:
                machine.assign(item.optional_vars, held)
        machine.block(node.body)
    finally:
        for held in opened:
            held.closed = True


def _import(machine: Machine, node: ast.Import) -> None:
    for name in node.names:
        module = library.module(name.name)
        if name.asname is None:
            module = library.module(name.name.partition(".")[0])
        machine.assign_name(name.asname or name.name.partition(".")[0], module)


def _import_from(machine: Machine, node: ast.ImportFrom) -> None:
    module = library.module(node.module or "")
    for name in node.names:
        if name.name == "*":
            for one, value in module.names.items():
                machine.assign_name(one, value)
        elif name.name not in module.names:
            raise ImportError(f"cannot import name '{name.name}' from '{module.name}'")
        else:
            machine.assign_name(name.asname or name.name, module.names[name.name])


EXECUTE: dict[type, Callable[[Any, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.For: _for,
    ast.While: _while,
    ast.If: _if,
    ast.Pass: _pass,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Return: _return,
    ast.FunctionDef: _define,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.Try: _try,
    ast.With: _with,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
}
