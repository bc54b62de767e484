"""Asking through the SDK's methods for the Assistants API, which are all marked as deprecated (provider-facts 4.0)."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

R = TypeVar("R")


def ask(method: Callable[..., R], *names: str, **options: Any) -> R:
    """Calls the method without its warning: who comes here knows that the API is over. The answer is still to be awaited."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return method(*names, **options, extra_headers=dict(headers_to_send()))


def headers_to_send() -> Mapping[str, str]:
    """Headers beside the SDK's own, which name the API's version (`OpenAI-Beta: assistants=v2`): none."""
    return {}


def given(**options: Any) -> dict[str, Any]:
    """The options without those that nothing was said of."""
    return {name: value for name, value in options.items() if value is not None}
