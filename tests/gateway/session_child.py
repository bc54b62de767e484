"""Another process with a session: say what FOLDER SESSION, and it tells what it read, went on with, or was refused.

`say`: loads, says a third thing, saves. `hold`: loads, tells, waits for a line, then says something and saves.
`append`: saves one turn after the other and tells of each, until it is killed.
"""

import asyncio
import json
import sys
from pathlib import Path

from support.errors import TouchstoneError
from support.gateway.sessions import SessionStore
from tests.gateway.session_bench import FakeGateway, HandClock, gateway_of


def tell(**said: object) -> None:
    print(json.dumps(said, default=str), flush=True)


async def work(deed: str, folder: Path, id: str) -> None:
    store = SessionStore(folder, clock=HandClock())
    session = store.load(id)
    fake = FakeGateway(session.provider)
    tell(
        messages=[one.model_dump(mode="json") for one in session.messages],
        about=session.about.model_dump(mode="json"),
        usage=session.usage.model_dump(),
        cost=session.cost_usd,
        revision=session.revision,
    )
    if deed == "hold":
        await asyncio.to_thread(sys.stdin.readline)
    while True:
        await session.say("the third thing", gateway=gateway_of(fake))
        try:
            store.save(session)
        except TouchstoneError as error:
            tell(kind=error.kind, message=error.message)
            return
        tell(sent=[one.model_dump(mode="json") for one in fake.asked[-1]], revision=session.revision)
        if deed != "append":
            return


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
