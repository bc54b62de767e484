"""Items on their way to whoever iterates over a run: in the order of the requests or as they end, and few of them at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from support.values import BatchItem


class Delivery:
    """At most about `most` items wait to be taken; whoever makes more of them waits for `room`."""

    def __init__(self, *, ordered: bool, most: int) -> None:
        self._ordered = ordered
        self._most = most
        self._ready: deque[BatchItem] = deque()
        self._early: dict[int, BatchItem] = {}
        """Ended before an earlier one had, by their places."""
        self._next = 0
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._closed = False

    def put(self, place: int, item: BatchItem) -> None:
        """`place` counts the requests from 0."""
        if self._ordered:
            self._early[place] = item
            while self._next in self._early:
                self._ready.append(self._early.pop(self._next))
                self._next += 1
        else:
            self._ready.append(item)
        if self._ready:
            self._news.set()

    async def room(self) -> None:
        """Returns when whoever iterates keeps up."""
        while len(self._ready) >= self._most:
            self._taken.clear()
            await self._taken.wait()

    def close(self) -> None:
        """Nothing more comes."""
        self._closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[BatchItem]:
        while True:
            while self._ready:
                item = self._ready.popleft()
                self._taken.set()
                yield item
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()
