"""Sabotages of how failures are told and repeated."""

from typing import Any

from support.audit.sabotages.places import chat_model, file_store, gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import InvalidRequest, TouchstoneError
from support.values import Provider


def _gemini_403_as_permission() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_absence(status: int, message: str) -> bool:
            if original(status, message):
                fired()
            return False

        return is_absence

    return [Patch(module(Provider.GEMINI, "errors"), "is_absence", make)]


def _retry_on_400() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def may_repeat(error: BaseException, repeat: Any) -> bool:
            if isinstance(error, TouchstoneError) and error.status == 400:
                fired()
                return True
            return bool(original(error, repeat))

        return may_repeat

    # the choke point asks after the first attempt, tenacity after each one that follows
    return [
        Patch(gateway("call"), "may_repeat", make),
        Patch(gateway("retry"), "may_repeat", make),
    ]


def _all_one_kind() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def translate(error: Exception) -> TouchstoneError:
            right: TouchstoneError = original(error)
            if isinstance(right, InvalidRequest):
                return right
            fired()
            return InvalidRequest(right.message, status=right.status, provider_message=right.provider_message)

        return translate

    return [Patch(owner(provider), "translate", make) for provider in ALL for owner in (file_store, chat_model)]


FAILURES = (
    Sabotage(
        "files.gemini_403_as_permission",
        "A file that Gemini does not know is called forbidden.",
        (Provider.GEMINI,),
        _gemini_403_as_permission,
    ),
    Sabotage("retry.on_400", "A request that is wrong is sent again.", ALL, _retry_on_400),
    Sabotage("errors.all_one_kind", "Every failure gets the same kind.", ALL, _all_one_kind),
)
