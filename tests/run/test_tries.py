"""A try is judged by its own refusal, and not by that of a try before."""

from typing import Any

import pytest

from support.errors import NotFound
from support.gateway.exchanges import Wire
from support.world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def refused() -> None:
    raise NotFound("no such file")


async def taken() -> str:
    return "done"


def world() -> World:
    nothing: Any = None
    return World(nothing, nothing, Wire(), nothing, "run1")


async def test_a_try_that_succeeds_is_no_refusal_whatever_was_before() -> None:
    one = world()
    assert await one.tries(refused()) is None
    assert one.refusal("not_found").message == "no such file"
    assert await one.tries(taken()) == "done"
    with pytest.raises(AssertionError, match="it was not refused"):
        one.refusal("not_found")


async def test_a_refusal_that_nobody_looked_at_is_not_buried() -> None:
    one = world()
    await one.tries(refused())
    second = taken()
    with pytest.raises(AssertionError, match="nobody looked at the refusal before"):
        await one.tries(second)
    second.close()  # it never began
