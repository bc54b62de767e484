"""A conversation with one model of one provider: its messages, what each turn took, and the moments it can go back to."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import uuid4

from support.errors import Conflict, InvalidRequest
from support.gateway.capabilities import ProviderGateway
from support.gateway.clock import Clock
from support.gateway.function_calling import check_outputs
from support.gateway.sessions import asking, limits, totals, tree, window
from support.gateway.sessions.values import About, Checkpoint, SessionMessage, SessionSettings, Turn
from support.values import ChatAnswer, FileReference, FunctionTool, Message, Provider, ToolChoice, ToolOutput, Usage

Event = tuple[Literal["message", "turn", "dropped", "cleared", "checkpoint", "restored"], Any]
"""What happened to a session, for the store, which writes that and not the whole session."""


class Session:
    """A conversation that goes on. What is in it changes by its methods only; the store writes down what they do.

    `model`, `system` and `settings` may be set at any time.
    """

    def __init__(
        self,
        provider: Provider,
        model: str,
        *,
        clock: Clock,
        created_at: datetime,
        system: str | None = None,
        settings: SessionSettings | None = None,
        id: str | None = None,
        messages: Sequence[SessionMessage] = (),
        turns: Sequence[Turn] = (),
        checkpoints: Sequence[Checkpoint] = (),
        used_at: datetime | None = None,
        parent_id: str | None = None,
        revision: int = 0,
    ) -> None:
        self.id = id or f"session-{uuid4().hex}"
        self.provider = provider
        self.model = model
        self.system = system
        self.settings = settings or SessionSettings()
        self.messages: list[SessionMessage] = list(messages)
        self.turns: list[Turn] = list(turns)
        self.checkpoints = {checkpoint.name: checkpoint for checkpoint in checkpoints}
        self.clock = clock
        self.created_at = created_at
        self.used_at = used_at or created_at
        """When it was last used, on its clock."""
        self.parent_id = parent_id
        """The session that this one is a branch of, or was transferred from."""
        self.revision = revision
        """How often it was saved; 0: never."""
        self.unsaved: list[Event] = []
        self.saved: About | None = None
        """What its file says of it."""
        self._asks = False

    @classmethod
    async def begin(
        cls,
        provider: Provider,
        model: str,
        *,
        clock: Clock,
        system: str | None = None,
        settings: SessionSettings | None = None,
    ) -> "Session":
        """A new session with nothing in it."""
        return cls(provider, model, clock=clock, created_at=await clock.now(), system=system, settings=settings)

    # Turns ------------------------------------------------------------------------------------------------------------

    async def say(
        self,
        text: str,
        *,
        gateway: ProviderGateway,
        files: Sequence[FileReference] = (),
        max_output_tokens: int | None = None,
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice = "auto",
        stream: bool = False,
        on_text: Callable[[str], object] | None = None,
    ) -> ChatAnswer:
        """One turn; what fails leaves nothing behind. `on_text` is told of each piece of a streamed answer.

        Raises ContextOverflow, with nothing asked, where the window has no room.
        """
        if not text.strip() and not files:
            raise InvalidRequest("text: is empty; say something", provider=self.provider, param="text")
        message = Message(role="user", text=text, files=tuple(files))
        return await self._turn(message, gateway, max_output_tokens, tools, tool_choice, stream, on_text)

    async def answer_calls(
        self,
        outputs: Sequence[ToolOutput],
        *,
        gateway: ProviderGateway,
        text: str = "",
        max_output_tokens: int | None = None,
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice = "auto",
        stream: bool = False,
        on_text: Callable[[str], object] | None = None,
    ) -> ChatAnswer:
        """The turn after an answer that called functions: what each of them gave, and what the user says with it."""
        if not outputs:
            raise InvalidRequest("outputs: is empty; give one for each call", provider=self.provider, param="outputs")
        message = Message(role="user", text=text, outputs=tuple(outputs))
        return await self._turn(message, gateway, max_output_tokens, tools, tool_choice, stream, on_text)

    async def _turn(
        self,
        message: Message,
        gateway: ProviderGateway,
        max_output_tokens: int | None,
        tools: Sequence[FunctionTool],
        tool_choice: ToolChoice,
        stream: bool,
        on_text: Callable[[str], object] | None,
    ) -> ChatAnswer:
        if gateway.provider is not self.provider:
            said = f"session {self.id} is with {self.provider}, not with {gateway.provider}; transfer it first"
            raise InvalidRequest(f"gateway: {said}", provider=self.provider, param="gateway")
        self._check_rest()
        check_outputs(self.provider, [*(entry.message for entry in self.messages[-1:]), message])
        self._asks = True
        try:
            question = self._entry(message, await self.clock.now())
            most = self.settings.max_output_tokens if max_output_tokens is None else max_output_tokens
            asked = await self._asked(question, gateway, most, tools, tool_choice, on_text)
            answer, attempts = await asking.answered(gateway, asked, stream=stream, clock=self.clock)
            now = await self.clock.now()
            turn = totals.turn_of(answer, asked.model, attempts=attempts, streamed=stream, at=now)
        finally:
            self._asks = False
        self.add_turn(question, self._entry(answer.turn, now), turn)
        return answer

    async def _asked(
        self,
        question: SessionMessage,
        gateway: ProviderGateway,
        max_output_tokens: int,
        tools: Sequence[FunctionTool],
        tool_choice: ToolChoice,
        on_text: Callable[[str], object] | None,
    ) -> asking.Asked:
        system = window.system_of(self.system)

        async def count(messages: Sequence[Message]) -> int:
            return await gateway.tokens.count(messages, model=self.model, system=self.system)

        first = await window.first_sent(
            self.messages,
            question,
            room=window.room(self.settings, self.provider, self.model, max_output_tokens),
            strategy=self.settings.strategy,
            system=self.system,
            tools=tools,
            most=self.settings.max_messages,
            count=count,
        )
        messages = window.sent(self.messages, question, first)
        return asking.Asked(messages, self.model, system, max_output_tokens, tools, tool_choice, on_text)

    def _entry(self, message: Message, at: datetime) -> SessionMessage:
        return SessionMessage(id=f"message-{uuid4().hex}", created_at=at, provider=self.provider, message=message)

    def add_turn(self, question: SessionMessage, answer: SessionMessage, turn: Turn) -> None:
        """Adds a turn that was made: by `say`, or elsewhere and brought here."""
        self.messages += (question, answer)
        self.turns.append(turn)
        self.used_at = turn.at
        self.unsaved += (("message", question), ("message", answer), ("turn", turn))
        dropped = limits.first_kept(self.messages, self.settings.max_messages)
        if dropped:
            del self.messages[:dropped]
            self.unsaved.append(("dropped", dropped))

    def _check_rest(self) -> None:
        if self._asks:
            raise Conflict(f"session {self.id} waits for an answer; go on when it has come")

    @property
    def open_calls(self) -> tuple[str, ...]:
        """The ids of the calls that wait for what they gave."""
        return tuple(call.id for call in self.messages[-1].message.calls) if self.messages else ()

    async def touch(self) -> None:
        """Notes that the session is in use, without a turn."""
        self.used_at = await self.clock.now()

    def clear(self) -> None:
        """Forgets all messages; the system prompt, what was spent, and the checkpoints stay."""
        self._check_rest()
        self.messages.clear()
        self.turns = kept_turns(self.turns)
        self.unsaved.append(("cleared", None))

    @property
    def about(self) -> About:
        return About(
            id=self.id,
            provider=self.provider,
            model=self.model,
            system=self.system,
            settings=self.settings,
            created_at=self.created_at,
            parent_id=self.parent_id,
        )

    # What it took -----------------------------------------------------------------------------------------------------

    @property
    def usage(self) -> Usage:
        return totals.usage_of(self.turns)

    @property
    def cost_usd(self) -> Decimal:
        """The sum of the turns whose price is known."""
        return totals.cost_of(self.turns)

    @property
    def unpriced(self) -> tuple[Turn, ...]:
        """The turns whose price is not known."""
        return tuple(turn for turn in self.turns if turn.cost_usd is None)

    @property
    def usage_by_provider(self) -> dict[Provider, Usage]:
        return {provider: totals.usage_of(own) for provider, own in totals.by_provider(self.turns).items()}

    @property
    def cost_by_provider(self) -> dict[Provider, Decimal]:
        return {provider: totals.cost_of(own) for provider, own in totals.by_provider(self.turns).items()}

    # Checkpoints and branches -----------------------------------------------------------------------------------------

    def checkpoint(self, name: str) -> Checkpoint:
        """Notes this moment under a name. Raises Conflict where the name is taken."""
        made = tree.noted(self.checkpoints, name, self.messages, self.turns)
        self.checkpoints[name] = made
        self.unsaved.append(("checkpoint", made))
        return made

    def restore(self, name: str) -> None:
        """Goes to a checkpoint: the messages are what they were there. What was spent stays spent. Raises NotFound."""
        self._check_rest()
        checkpoint = tree.found(self.checkpoints, name, self.id)
        self.messages = tree.left_after(self.messages, checkpoint)
        self.unsaved.append(("restored", name))

    def branch(self, from_checkpoint: str, *, at: datetime | None = None) -> "Session":
        """A new session that begins at a checkpoint, with its messages, and with what was spent until there. Raises NotFound."""
        checkpoint = tree.found(self.checkpoints, from_checkpoint, self.id)
        return Session(
            self.provider,
            self.model,
            clock=self.clock,
            created_at=at or self.used_at,
            system=self.system,
            settings=self.settings,
            messages=tree.copied(checkpoint.messages),
            turns=tree.turns_before(self.turns, checkpoint),
            checkpoints=[
                one.model_copy(update={"messages": tuple(tree.copied(one.messages))})
                for one in tree.earlier(self.checkpoints, from_checkpoint)
            ],
            parent_id=self.id,
        )


def kept_turns(turns: list[Turn]) -> list[Turn]:
    """What was spent, after the messages were forgotten."""
    return turns
