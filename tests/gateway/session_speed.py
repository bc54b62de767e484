"""How long a message takes to add and save, the last thousand of 10,000 against the first, and truncation by length.

Say: python -m tests.gateway.session_speed
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

from support.gateway.sessions import Session, SessionStore, window
from tests.gateway.session_bench import START, FakeGateway, HandClock, entry, model, session, spent, user

MESSAGES = 10_000


def timed(store: SessionStore | None) -> list[float]:
    """Seconds for each message: added as a turn adds it, and saved."""
    kept: Session = session()
    if store is not None:
        store.save(kept)
    seconds = []
    for number in range(MESSAGES // 2):
        began = time.perf_counter()
        kept._add(entry(user(f"question {number}")), entry(model(f"answer {number}")), spent())
        if store is not None:
            store.save(kept)
        seconds.append((time.perf_counter() - began) / 2)
    return seconds


async def truncated(count: int, room: int) -> tuple[float, int]:
    history = [entry(user("question " * 20) if number % 2 == 0 else model("answer " * 20)) for number in range(count)]
    best, counts = 9.0, 0
    for _ in range(5):
        fake = FakeGateway()

        async def counted(messages: object, fake: FakeGateway = fake) -> int:
            return await fake.count(messages, model="")  # type: ignore[arg-type]

        began = time.perf_counter()
        await window.first_sent(
            history,
            entry(user("now")),
            room=room,
            strategy="truncate",
            system=None,
            tools=(),
            most=None,
            count=counted,
        )
        best, counts = min(best, time.perf_counter() - began), len(fake.counts)
    return best, counts


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what, store in (("added", None), ("added and saved", SessionStore(Path(folder), clock=HandClock(START)))):
            seconds = timed(store)
            first, last = seconds[:500], seconds[-500:]
            mean = sum(last) / sum(first)
            middle = median(last) / median(first)
            print(f"{what}: {sum(first) / 500 * 1e6:.0f} µs a message, last to first {mean:.2f} (median {middle:.2f})")
    for count in (1_000, 2_000, 5_000, 10_000, 20_000):
        small = asyncio.run(truncated(count, 900))
        half = asyncio.run(truncated(count, count * 11))
        print(
            f"{count} messages: {small[0] * 1e3:.1f} ms, {small[1]} counts; half of it {half[0] * 1e3:.1f} ms, {half[1]} counts"
        )


if __name__ == "__main__":
    main()
