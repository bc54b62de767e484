"""What all that keeps objects of a provider's has in common: calls whose errors name what they were about, and lists that end."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from support.errors import BadResponse, TouchstoneError
from support.gateway.call import Bill, ChokePoint, Operation
from support.gateway.failures import naming
from support.values import Provider

R = TypeVar("R")


class Keeper(ABC):
    """The objects of one kind at one provider; a subclass says what they mean, and one of its own speaks to the SDK."""

    provider: ClassVar[Provider]

    def __init__(self, choke: ChokePoint) -> None:
        self._choke = choke

    @staticmethod
    @abstractmethod
    def translate(error: Exception) -> TouchstoneError:
        """The provider's error in the gateway's kinds."""

    async def _call(
        self,
        operation: Operation,
        send: Callable[[], Awaitable[R]],
        *,
        about: str | None = None,
        id_of: Callable[[R], str] | None = None,
        find: Callable[[], Awaitable[R | None]] | None = None,
        if_gone: Callable[[], R] | None = None,
        billed: Callable[[R, Bill], None] | None = None,
    ) -> R:
        """A call through the choke point; `about`: the id that its errors name."""

        def translated(error: Exception) -> TouchstoneError:
            return naming(self.translate(error), about)

        return await self._choke.call(
            operation, send, translated, id_of=id_of, find=find, if_gone=if_gone, billed=billed
        )


def unrepeated(provider: Provider, cursor: str | None, seen: set[str]) -> str | None:
    """The cursor of the next page, noted in `seen`. Raises BadResponse for one that was there before: the list would never end."""
    if cursor in seen:
        raise BadResponse(f"the list comes back to the page after {cursor}", provider=provider)
    if cursor is not None:
        seen.add(cursor)
    return cursor
