"""Sabotages that belong to no row: what goes wrong everywhere at once. The audit of every scenario throws them."""

from typing import Any

from support import errors
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage

OURS = (errors.ServerError, errors.BudgetExceeded, errors.UnknownPrice, errors.RequestTimeout)
"""Kinds that stay as they are: the one that all others become, and those that end a run."""

NO_REASON = "that cannot be done"


def _without_a_reason() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def __init__(self: Any, message: str, **told: Any) -> None:
            if isinstance(self, OURS) or told.get("status") is not None or told.get("provider_message") is not None:
                original(self, message, **told)
                return
            fired()
            original(self, NO_REASON, **{**told, "param": None})

        return __init__

    return [Patch(errors.TouchstoneError, "__init__", make)]


def _one_kind() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def __init__(self: Any, message: str, **told: Any) -> None:
            original(self, message, **told)
            if not isinstance(self, OURS):
                fired()
                self.__class__ = errors.ServerError

        return __init__

    return [Patch(errors.TouchstoneError, "__init__", make)]


GENERAL = (
    Sabotage(
        "errors.without_a_reason",
        "What the gateway refuses itself it refuses without saying what is wrong.",
        ALL,
        _without_a_reason,
    ),
    Sabotage("errors.one_kind", "Whatever is refused is told as a breakdown of the provider.", ALL, _one_kind),
)
