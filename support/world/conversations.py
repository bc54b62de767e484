"""What scenarios do with sessions."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from support.gateway.sessions import Session, SessionSettings, SessionStore, transfer
from support.gateway.sessions.another_process import FoundSession, found, found_by_another_process
from support.gateway.sessions.lines import all_lines
from support.memory import Said
from support.values import ChatAnswer, Provider, ToolOutput
from support.world.core import Core


class Conversations(Core):
    """Sessions begun, carried on, kept, found and moved."""

    async def begin_session(self, provider: Provider, *, system: str | None = None, **settings: Any) -> Session:
        """A conversation with the provider's chat model, remembered as the scenario's session."""
        model, wanted = self.chat_model(provider), SessionSettings(**settings)
        session = await Session.begin(provider, model, clock=self.clock, system=system, settings=wanted)
        self.sessions.made.append(session)
        return session

    async def says(self, text: str, session: Session | None = None, **options: Any) -> ChatAnswer:
        """A turn of the session that must succeed; its answer is the scenario's latest."""
        chosen = session or self.sessions.session
        answer = await self.does(chosen.say(text, gateway=self.gateway(chosen.provider), **options))
        self.answers.append(answer)
        self.said.append(answer.text)
        turn: tuple[Said, Said] = (("user", text), ("assistant", answer.text))
        self.sessions.talks.setdefault(chosen.id, []).extend(turn)
        return answer

    async def answers_calls(self, output: str, session: Session | None = None, **options: Any) -> ChatAnswer:
        """The turn after an answer that called functions: each of them gave the same."""
        chosen = session or self.sessions.session
        outputs = [ToolOutput(call_id=call, output=output) for call in chosen.open_calls]
        answer = await self.does(chosen.answer_calls(outputs, gateway=self.gateway(chosen.provider), **options))
        self.said.append(answer.text)
        return answer

    def transfers(self, session: Session, provider: Provider) -> Session:
        """The session on another provider's chat model, which is the scenario's session from now on."""
        moved = transfer(session, provider, self.chat_model(provider))
        self.sessions.made.append(moved)
        return moved

    @staticmethod
    def whole(session: Session) -> list[bytes]:
        """All that a session holds, line by line, as a store would write it."""
        return [*all_lines(session), str(session.used_at).encode()]

    def session_store(self, limit: int | None = None) -> SessionStore:
        """The scenario's store of sessions as a process that knows only the disk finds it."""
        return SessionStore(self.scratch() / "sessions", limit, clock=self.clock)

    async def save_session(self, session: Session | None = None) -> None:
        """Puts a session into the scenario's store, the scenario's own unless another is given."""
        self.session_store(self.sessions.kept_at_most).save(session or self.sessions.session)

    async def load_session(self, id: str | None = None) -> Session:
        """A session as the disk alone has it."""
        return self.session_store(self.sessions.kept_at_most).load(id or self.sessions.session.id)

    async def sweep_sessions(self, idle: timedelta) -> tuple[str, ...]:
        """Removes from the store what was not used for so long; answers the ids."""
        return self.session_store().sweep(idle, now=await self.clock.now())

    async def other_process_finds_session(self, note: str = "") -> FoundSession:
        """The session as a process of its own finds it; with a `note` that one notes the moment under it, and saves."""
        return await found_by_another_process(self.scratch() / "sessions", self.sessions.session.id, note)

    session_here = staticmethod(found)
    """All that a session holds, as another process would tell it."""

    def session_file(self, session: Session | None = None) -> Path:
        """Where the disk has a session."""
        return self.scratch() / "sessions" / f"{(session or self.sessions.session).id}.jsonl"
