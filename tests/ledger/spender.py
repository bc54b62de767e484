"""A process that spends: so many calls in eight tasks, each reserved, made (a short sleep) and settled.

Arguments: the ledger's folder, the number of calls, a seed, the cap in dollars. Says "ready", waits for a line, and at the
end says how many calls went out and how many were refused.
"""

import asyncio
import random
import sys
from decimal import Decimal

from support.ledger import Caps, Ledger, Refusal
from support.values import Usage
from tests.ledger.conftest import make_entry

TASKS = 8


async def spend(ledger: Ledger, calls: int, dice: random.Random, caps: Caps) -> tuple[int, int]:
    entry = make_entry(scenario="")
    left = calls
    made = refused = 0

    async def work() -> None:
        nonlocal left, made, refused
        while left:
            left -= 1
            highest = Decimal(dice.randint(10, 40)) / 10_000
            outcome = await ledger.reserve_or_wait(entry, highest, caps)
            if isinstance(outcome, Refusal):
                refused += 1
                continue
            await asyncio.sleep(dice.random() * 0.003)
            ledger.settle(outcome, Usage(output_tokens=1), highest * dice.randint(30, 100) / 100)
            made += 1

    await asyncio.gather(*(work() for _ in range(TASKS)))
    return made, refused


def main() -> None:
    place, calls, seed, cap = sys.argv[1:]
    with Ledger.open(place) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        made, refused = asyncio.run(spend(ledger, int(calls), random.Random(seed), Caps(total=Decimal(cap))))
    print(made, refused, flush=True)


if __name__ == "__main__":
    main()
