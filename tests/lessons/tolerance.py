"""Reads steps for what forgives: errors that are caught and not looked at, and claims that cannot be false."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)

BROAD = {"Exception", "BaseException", "TouchstoneError"}
"""Classes under which errors of any kind are caught."""
LOOKED_AT_BY = {"refusal"}
"""The world's methods that read a kept refusal; one that names no kind takes any."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that forgives, and how."""

    line: int
    what: str


def findings(source: str) -> list[Finding]:
    """All of them in a module."""
    tree = ast.parse(source)
    found = [*_caught(tree), *_suppressed(tree), *_claimed(tree), *_kinds(tree)]
    return sorted(found, key=lambda one: one.line)


# Errors -------------------------------------------------------------------------------------------------------------------


def _caught(tree: ast.AST) -> Iterator[Finding]:
    for handler in _all(tree, ast.ExceptHandler):
        broad = _is_broad(handler.type)
        if _always_raises(handler.body) or (broad and _raises_by_kind(handler)):
            continue
        if broad:
            yield Finding(handler.lineno, "an error of any kind is caught, and its kind is not looked at")
        elif not _keeps(handler):
            yield Finding(handler.lineno, "an error is caught and dropped")
    for block in _all(tree, ast.Try):
        if any(
            isinstance(node, ast.Return | ast.Break | ast.Continue) for one in block.finalbody for node in ast.walk(one)
        ):
            yield Finding(block.lineno, "what happens at last swallows the error")


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    classes = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(_last_name(one) in BROAD for one in classes)


def _always_raises(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Raise)


def _raises_by_kind(handler: ast.ExceptHandler) -> bool:
    """Whether it asks for the error's kind, and raises where that is another one."""
    return any(
        isinstance(one, ast.If) and _asks_for_kind(one.test, handler.name) and _always_raises(one.body)
        for one in handler.body
    )


def _asks_for_kind(test: ast.expr, name: str | None) -> bool:
    if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq | ast.NotIn)):
        return False
    for node in ast.walk(test.left):
        if isinstance(node, ast.Attribute) and node.attr == "kind" and _last_name(node.value) == name:
            return True
        if isinstance(node, ast.Call) and _last_name(node.func) == "getattr":
            who, what = node.args[0], node.args[1]
            if _last_name(who) == name and isinstance(what, ast.Constant) and what.value == "kind":
                return True
    return False


def _keeps(handler: ast.ExceptHandler) -> bool:
    """Whether the error, of one class, goes somewhere: it is kept for a later step to look at."""
    assigned = [one for one in handler.body if isinstance(one, ast.Assign) and _last_name(one.value) == handler.name]
    return handler.name is not None and bool(assigned)


def _suppressed(tree: ast.AST) -> Iterator[Finding]:
    for call in _all(tree, ast.Call):
        if _last_name(call.func) == "suppress":
            yield Finding(call.lineno, "errors are suppressed")
        if any(keyword.arg == "return_exceptions" for keyword in call.keywords):
            yield Finding(call.lineno, "errors are answers among others")


def _kinds(tree: ast.AST) -> Iterator[Finding]:
    for call in _all(tree, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in LOOKED_AT_BY and len(call.args) > 1:
            yield Finding(call.lineno, "a refusal may be of more kinds than one")


# Claims -------------------------------------------------------------------------------------------------------------------


def _claimed(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        claim: ast.expr | None = None
        if isinstance(node, ast.Assert):
            claim = node.test
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "expect"
            and node.args
        ):
            claim = node.args[0]
        if claim is not None and always_true(claim):
            yield Finding(claim.lineno, f"`{ast.unparse(claim)}` is always true")


def always_true(claim: ast.expr) -> bool:
    """Whether it holds whatever the counterpart does."""
    known = _constant(claim)
    if known is not None:
        return known
    if isinstance(claim, ast.UnaryOp) and isinstance(claim.op, ast.Not):
        return _constant(claim.operand) is False
    if isinstance(claim, ast.BoolOp):
        if isinstance(claim.op, ast.And):
            return all(map(always_true, claim.values))
        return any(map(always_true, claim.values)) or _says_both(claim.values)
    if isinstance(claim, ast.Compare) and len(claim.ops) == 1:
        return _compares_to_itself(claim) or _length_is_no_less_than_none(claim)
    if isinstance(claim, ast.Call):
        return _empty_of_meaning(claim)
    return False


def _constant(claim: ast.expr) -> bool | None:
    """What a literal is worth; None for anything that has to be worked out."""
    if isinstance(claim, ast.Constant):
        return bool(claim.value)
    if isinstance(claim, ast.Tuple | ast.List | ast.Set):
        return bool(claim.elts)
    if isinstance(claim, ast.Dict):
        return bool(claim.keys)
    if isinstance(claim, ast.Lambda | ast.GeneratorExp):
        return True
    if isinstance(claim, ast.JoinedStr):
        return any(isinstance(one, ast.Constant) and bool(one.value) for one in claim.values) or None
    return None


def _says_both(claims: Sequence[ast.expr]) -> bool:
    said = {ast.dump(one) for one in claims}
    return any(ast.dump(_opposite(one)) in said for one in claims)


OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


def _opposite(claim: ast.expr) -> ast.expr:
    if isinstance(claim, ast.Compare) and len(claim.ops) == 1:
        turned = OPPOSITES[type(claim.ops[0])]()
        return ast.Compare(left=claim.left, ops=[turned], comparators=claim.comparators)
    if isinstance(claim, ast.UnaryOp) and isinstance(claim.op, ast.Not):
        return claim.operand
    return ast.UnaryOp(op=ast.Not(), operand=claim)


def _compares_to_itself(claim: ast.Compare) -> bool:
    [op], [right] = claim.ops, claim.comparators
    if isinstance(op, ast.In) and isinstance(right, ast.Tuple | ast.List | ast.Set):
        return ast.dump(claim.left) in {ast.dump(one) for one in right.elts}
    same = ast.dump(claim.left) == ast.dump(right)
    return same and isinstance(op, ast.Eq | ast.Is | ast.LtE | ast.GtE)


def _length_is_no_less_than_none(claim: ast.Compare) -> bool:
    [op], [right] = claim.ops, claim.comparators
    is_length = isinstance(claim.left, ast.Call) and _last_name(claim.left.func) == "len"
    worth = right.value if isinstance(right, ast.Constant) else None
    if isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub) and isinstance(right.operand, ast.Constant):
        return is_length and isinstance(op, ast.Gt | ast.GtE | ast.NotEq)
    return is_length and worth == 0 and type(worth) is int and isinstance(op, ast.GtE)


def _empty_of_meaning(claim: ast.Call) -> bool:
    name = _last_name(claim.func)
    if name == "bool" and claim.args:
        return always_true(claim.args[0])
    if name == "isinstance" and len(claim.args) == 2:
        return _last_name(claim.args[1]) == "object"
    return False


def _all(tree: ast.AST, kind: type[Node]) -> Iterator[Node]:
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def _last_name(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
