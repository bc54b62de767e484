"""What must hold after every scenario, whatever its steps said: each a named AssertionError."""

from collections.abc import Mapping, Sequence

from support.errors import TouchstoneError
from support.reporting.categories import LEFT_BEHIND, NOTHING_CHECKED, prefix_of


class InvariantBroken(AssertionError):
    """Base: the scenario's steps may have passed, but what they left behind says otherwise."""

    prefix = ""
    """How its sentence begins: Allure's categories go by it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"{self.prefix}{sentence}")


class UnreadRefusal(InvariantBroken):
    """A refusal was stored and no `Then` looked at it."""

    def __init__(self, refusal: TouchstoneError) -> None:
        self.prefix = prefix_of(refusal)
        super().__init__(f"no step looked at this refusal: {refusal}")


class NoOp(InvariantBroken):
    """The scenario made no request and looked at nothing."""

    prefix = NOTHING_CHECKED


class LeftBehind(InvariantBroken):
    """Something that the scenario made is still there after its clean-up."""

    prefix = LEFT_BEHIND


def check_unread(refusal: TouchstoneError | None) -> None:
    """Raises UnreadRefusal."""
    if refusal is not None:
        raise UnreadRefusal(refusal)


def check_not_a_no_op(requests: int, checks: int) -> None:
    """Raises NoOp: a scenario that expects zero requests says so in a step, and that is a look."""
    if requests == 0 and checks == 0:
        raise NoOp("the scenario made no request and looked at nothing")


def check_nothing_left(inventory: Mapping[str, Mapping[str, Sequence[str]]], problems: Sequence[str]) -> None:
    """Raises LeftBehind, naming what is there by provider and kind."""
    left = [
        f"{len(ids)} {kind} at {provider}"
        for provider, kinds in inventory.items()
        for kind, ids in kinds.items()
        if ids
    ]
    if left or problems:
        raise LeftBehind("; ".join([*left, *problems]))
