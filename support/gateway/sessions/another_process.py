"""What a process finds of a session that knows nothing but its folder: `python -m … FOLDER SESSION [NOTE]` tells it as JSON.

With a NOTE it also notes this moment of the session under that name, and saves. So a product can see that what it keeps is
found by whoever comes next, and that two processes never overwrite each other.
"""

import asyncio
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from support.gateway.clock import WallClock
from support.gateway.sessions.session import Session
from support.gateway.sessions.store import SessionStore
from support.gateway.sessions.values import About, SessionMessage, Turn
from support.values import Usage
from support.values.base import Value

_ROOT = Path(__file__).resolve().parents[3]


class FoundSession(Value):
    """All that a process can read of a session."""

    about: About
    messages: tuple[SessionMessage, ...]
    turns: tuple[Turn, ...]
    usage: Usage
    cost_usd: Decimal
    used_at: datetime
    revision: int


def found(session: Session) -> FoundSession:
    """A session as this process has it."""
    return FoundSession(
        about=session.about,
        messages=tuple(session.messages),
        turns=tuple(session.turns),
        usage=session.usage,
        cost_usd=session.cost_usd,
        used_at=session.used_at,
        revision=session.revision,
    )


async def found_by_another_process(folder: Path, id: str, note: str = "") -> FoundSession:
    """A session as a process finds it that is started for it; raises RuntimeError with its last words where it finds none."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(folder), id, *([note] if note else [])),
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the other process has ended with {process.returncode}: {complaint.decode()[-500:]}")
    return FoundSession.model_validate_json(told)


def main(folder: str, id: str, note: str = "") -> None:
    """The other process."""
    store = SessionStore(Path(folder), clock=WallClock())
    session = store.load(id)
    if note:
        session.checkpoint(note)
        store.save(session)
    print(found(session).model_dump_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
