"""Expressions: one function a kind of node; every node costs one step."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import members, operations
from support.simulator.python_machine.values import Scope

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine


def evaluate(machine: Machine, node: ast.expr) -> Any:
    machine.budget.spend()
    work = _EVALUATE.get(type(node))
    if work is None:
        raise NotImplementedError(f"{type(node).__name__} expressions cannot be used here")
    return work(machine, node)


def _constant(machine: Machine, node: ast.Constant) -> Any:
    return node.value


def _name(machine: Machine, node: ast.Name) -> Any:
    return machine.look_up(node.id)


def _binary(machine: Machine, node: ast.BinOp) -> Any:
    left = evaluate(machine, node.left)
    return operations.binary(machine.budget, type(node.op), left, evaluate(machine, node.right))


def _unary(machine: Machine, node: ast.UnaryOp) -> Any:
    return operations.unary(type(node.op), evaluate(machine, node.operand))


def _boolean(machine: Machine, node: ast.BoolOp) -> Any:
    stops_at = isinstance(node.op, ast.Or)
    value: Any = None
    for part in node.values:
        value = evaluate(machine, part)
        if bool(value) is stops_at:
            break
    return value


def _compare(machine: Machine, node: ast.Compare) -> Any:
    left = evaluate(machine, node.left)
    result: Any = True
    for kind, other in zip(node.ops, node.comparators, strict=True):
        right = evaluate(machine, other)
        result = operations.compare(machine.budget, type(kind), left, right)
        if not result:
            break
        left = right
    return result


def _conditional(machine: Machine, node: ast.IfExp) -> Any:
    return evaluate(machine, node.body if evaluate(machine, node.test) else node.orelse)


def _elements(machine: Machine, nodes: list[ast.expr]) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found.extend(machine.budget.taken(evaluate(machine, node.value)))
        else:
            found.append(evaluate(machine, node))
    return found


def _list(machine: Machine, node: ast.List) -> Any:
    return _elements(machine, node.elts)


def _tuple(machine: Machine, node: ast.Tuple) -> Any:
    return tuple(_elements(machine, node.elts))


def _set(machine: Machine, node: ast.Set) -> Any:
    elements = _elements(machine, node.elts)
    machine.budget.hashed(elements)
    return set(elements)


def _dict(machine: Machine, node: ast.Dict) -> Any:
    made: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            made.update(machine.budget.made(evaluate(machine, value)))
        else:
            name = evaluate(machine, key)
            machine.budget.hashed((name,))
            made[name] = evaluate(machine, value)
    return made


def _call(machine: Machine, node: ast.Call) -> Any:
    called = evaluate(machine, node.func)
    args = _elements(machine, node.args)
    kwargs: dict[str, Any] = {}
    for keyword in node.keywords:
        value = evaluate(machine, keyword.value)
        given = {keyword.arg: value} if keyword.arg is not None else dict(value)
        if twice := next((name for name in given if name in kwargs), None):
            raise TypeError(f"got multiple values for keyword argument '{twice}'")
        kwargs.update(given)
    return machine.call(called, args, kwargs)


def _attribute(machine: Machine, node: ast.Attribute) -> Any:
    return members.attribute(machine, evaluate(machine, node.value), node.attr)


def _subscript(machine: Machine, node: ast.Subscript) -> Any:
    holder = evaluate(machine, node.value)
    key = evaluate(machine, node.slice)
    if not members.can_be_indexed(holder):
        raise TypeError(f"'{type(holder).__name__}' object is not subscriptable")
    machine.budget.hashed((key,))
    value = holder[key]
    return machine.budget.made(value) if type(key) is slice else value


def _slice(machine: Machine, node: ast.Slice) -> Any:
    parts = [None if part is None else evaluate(machine, part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts)


def _joined(machine: Machine, node: ast.JoinedStr) -> Any:
    return machine.budget.made("".join([evaluate(machine, part) for part in node.values]))


def _formatted(machine: Machine, node: ast.FormattedValue) -> Any:
    value = evaluate(machine, node.value)
    if node.conversion == ord("r"):
        value = operations.represented(machine.budget, value)
    elif node.conversion == ord("s"):
        value = operations.shown(machine.budget, value)
    elif node.conversion == ord("a"):
        machine.budget.weigh(value)
        value = ascii(value)
    spec = "" if node.format_spec is None else evaluate(machine, node.format_spec)
    return operations.formatted(machine.budget, value, spec)


def _walrus(machine: Machine, node: ast.NamedExpr) -> Any:
    value = evaluate(machine, node.value)
    machine.assign_name(node.target.id, value, past_comprehensions=True)
    return value


def _lambda(machine: Machine, node: ast.Lambda) -> Any:
    return machine.function("<lambda>", node.args, node.body)


def _comprehended(machine: Machine, node: Any, made: Callable[[], Any]) -> Iterator[Any]:
    """What a comprehension yields, lazily; its names are its own."""
    first = evaluate(machine, node.generators[0].iter)  # the outermost one belongs to the scope around
    scope = Scope({}, machine.scope)

    def level(number: int) -> Iterator[Any]:
        if number == len(node.generators):
            yield made()
            return
        part: ast.comprehension = node.generators[number]
        for element in machine.budget.each(first if number == 0 else evaluate(machine, part.iter)):
            machine.assign(part.target, element)
            if all(evaluate(machine, test) for test in part.ifs):
                yield from level(number + 1)

    def run() -> Iterator[Any]:
        elements = level(0)
        while True:
            before, machine.scope = machine.scope, scope
            try:
                element = next(elements)
            except StopIteration:
                return
            finally:
                machine.scope = before
            yield element

    iter(first)
    return run()


def _list_of(machine: Machine, node: ast.ListComp) -> Any:
    return list(_comprehended(machine, node, lambda: evaluate(machine, node.elt)))


def _set_of(machine: Machine, node: ast.SetComp) -> Any:
    made: set[Any] = set()
    for element in _comprehended(machine, node, lambda: evaluate(machine, node.elt)):
        machine.budget.hashed((element,))
        made.add(element)
    return made


def _dict_of(machine: Machine, node: ast.DictComp) -> Any:
    made: dict[Any, Any] = {}
    for key, value in _comprehended(
        machine, node, lambda: (evaluate(machine, node.key), evaluate(machine, node.value))
    ):
        machine.budget.hashed((key,))
        made[key] = value
    return made


def _generator(machine: Machine, node: ast.GeneratorExp) -> Any:
    return _comprehended(machine, node, lambda: evaluate(machine, node.elt))


_EVALUATE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.NamedExpr: _walrus,
    ast.Lambda: _lambda,
    ast.ListComp: _list_of,
    ast.SetComp: _set_of,
    ast.DictComp: _dict_of,
    ast.GeneratorExp: _generator,
}
