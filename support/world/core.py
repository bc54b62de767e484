"""One scenario: what it acts with, what it remembers, and how it looks."""

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from support.errors import BudgetExceeded, RequestTimeout, TouchstoneError, UnknownPrice
from support.gateway.caching_benchmark import compare
from support.gateway.capabilities import Assistants, ProviderGateway
from support.gateway.clock import Clock
from support.gateway.exchanges import Exchange, Wire
from support.gateway.markers import random_token
from support.gateway.sent_messages import SentQuestion, sent_questions
from support.gateway.several import Comparison, WorkflowResult
from support.gateway.told_usage import told_usage
from support.gateway.uploads import SentUpload, sent_uploads
from support.ledger import Call, Line, total
from support.memory import (
    AssistantsMemory,
    BatchMemory,
    CachingMemory,
    FilesMemory,
    KnowledgeMemory,
    SessionsMemory,
    SeveralMemory,
    TuningMemory,
)
from support.scripted_answers import scripted_answer
from support.targets import Control
from support.values import CachingReport, ChatAnswer, Provider, Usage
from support.world.known import Known

R = TypeVar("R")

LIVE_TOLERANCE_SECONDS = 120.0
"""How far a provider's clock may be from ours (tracker row FM-03)."""


ASSISTANTS_API = "the Assistants API"
"""What a sentence calls OpenAI's API of assistants that was switched off on 2026-08-26."""


class Refused(AssertionError):
    """The counterpart refused what the scenario says it does."""


@dataclass(frozen=True, slots=True)
class RunSums:
    """What the report of a run says."""

    total: Line
    providers: Sequence[Line]
    scenarios: Sequence[Line]


class OpenGateway(Protocol):
    """Opens a provider's gateway: with the scenario's own key where none is given, and `other` fields of the endpoint."""

    def __call__(self, provider: Provider, key: str | None, **other: Any) -> ProviderGateway: ...


@dataclass
class Core(Known):
    """What every scenario can do; the areas add their own."""

    open_gateway: OpenGateway
    clock: Clock
    wire: Wire
    control: Control | None
    """What only a simulator can do; None elsewhere, where such scenarios are skipped."""
    run_id: str
    charges: Callable[[], Sequence[Call]] = tuple
    """What the ledger has of this scenario, a row a call."""
    reported: Callable[[], Line | None] = lambda: None
    """The scenario's line in the run's report; None before its first call."""
    show: Callable[[CachingReport], Path | None] = lambda report: None
    """Puts a report before the reader; answers where it is written down, if it is."""
    show_table: Callable[[Comparison | WorkflowResult], Sequence[str]] = lambda made: ()
    """Puts what several providers did before the reader; answers the lines that the console says."""
    sums: Callable[[], RunSums] | None = None
    """What the report of the run has so far."""
    lacks: Callable[[Provider], str | None] = lambda provider: None
    """Why a provider cannot be asked here, or None."""
    keys: Mapping[Provider, str] = field(default_factory=dict, repr=False)
    """The scenario's own: to make sure that they stand nowhere."""
    nonce: str = field(default_factory=lambda: random_token(12))
    """Different in every scenario: no provider has seen a text that begins with it."""
    files: FilesMemory = field(default_factory=FilesMemory)
    caching: CachingMemory = field(default_factory=CachingMemory)
    knowledge: KnowledgeMemory = field(default_factory=KnowledgeMemory)
    assistants: AssistantsMemory = field(default_factory=AssistantsMemory)
    batch: BatchMemory = field(default_factory=BatchMemory)
    tuning: TuningMemory = field(default_factory=TuningMemory)
    sessions: SessionsMemory = field(default_factory=SessionsMemory)
    several: SeveralMemory = field(default_factory=SeveralMemory)
    answers: list[ChatAnswer] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What was answered, in words, by whomever was asked."""
    checks: int = 0
    """How often the scenario looked at something; with no request and no look, it showed nothing."""
    _refusal: TouchstoneError | None = None
    _refusal_read: bool = True
    _attempt_began: int = 0
    _deaf: "socket.socket | None" = None
    _scratch: "TemporaryDirectory[str] | None" = None
    _gateways: dict[tuple[Provider, str | None], ProviderGateway] = field(default_factory=dict)

    # Acting ----------------------------------------------------------------------------------------------------------

    def gateway(self, provider: Provider, *, key: str | None = None) -> ProviderGateway:
        """The provider's gateway, with the scenario's own key unless another is given."""
        if (provider, key) not in self._gateways:
            self._gateways[provider, key] = self.open_gateway(provider, key)
        return self._gateways[provider, key]

    async def does(self, action: Awaitable[R]) -> R:
        """Does what must succeed: a refusal fails the step, in the counterpart's words."""
        self._attempt_began = len(self.wire.exchanges)
        return await self.sees(action)

    async def sees(self, action: Awaitable[R]) -> R:
        """As `does`, for looking at what is there: `sent` goes on to speak of what the team did before."""
        try:
            return await action
        except (BudgetExceeded, UnknownPrice, RequestTimeout):
            raise
        except TouchstoneError as error:
            raise Refused(f"{error.kind}: {error}") from error

    async def tries(self, action: Awaitable[R]) -> R | None:
        """Does what should be refused, and keeps the refusal for a `Then` to look at."""
        self.raise_unread()
        self._refusal = None  # that of a try before is none of this one's
        self._attempt_began = len(self.wire.exchanges)
        try:
            return await action
        except (BudgetExceeded, UnknownPrice, RequestTimeout):
            raise
        except TouchstoneError as error:
            self._refusal, self._refusal_read = error, False
            return None

    async def tries_all(self, action: Awaitable[R]) -> R | None:
        """As `tries`, where a limit of the user's own, or a price that nobody knows, is the refusal to be looked at."""
        try:
            return await self.tries(action)
        except (BudgetExceeded, UnknownPrice) as error:
            self._refusal, self._refusal_read = error, False
            return None

    # Looking ---------------------------------------------------------------------------------------------------------

    def expect(self, holds: bool, otherwise: str) -> None:
        """Fails the step with the sentence `otherwise` unless it holds."""
        self.checks += 1
        if not holds:
            raise AssertionError(otherwise)

    def refusal(self, *kinds: str) -> TouchstoneError:
        """The refusal of the last try; fails the step where there was none, or one of another kind."""
        self.checks += 1
        if self._refusal is None:
            raise AssertionError("it was not refused")
        self._refusal_read = True
        if kinds and self._refusal.kind not in kinds:
            raise AssertionError(
                f"it was refused as {self._refusal.kind}, not as {' or '.join(kinds)}: {self._refusal}"
            )
        return self._refusal

    @property
    def unread_refusal(self) -> TouchstoneError | None:
        """A refusal that no `Then` looked at: the scenario may not end with one."""
        return None if self._refusal_read else self._refusal

    def raise_unread(self) -> None:
        """A second try would bury the first one's refusal."""
        if self.unread_refusal is not None:
            raise AssertionError(f"nobody looked at the refusal before: {self.unread_refusal}")

    def sent(self) -> list[Exchange]:
        """The requests of the latest action."""
        return self.wire.exchanges[self._attempt_began :]

    def uploads_sent(self) -> list[SentUpload]:
        """The uploads of the latest action, read back from the wire."""
        return sent_uploads(self.sent())

    def questions_sent(self, exchanges: Sequence[Exchange] | None = None) -> list[SentQuestion]:
        """The questions to models among the requests, all of the scenario's unless some are given, read back from the wire."""
        return sent_questions(self.wire.exchanges if exchanges is None else exchanges)

    def keys_in(self, content: bytes) -> list[Provider]:
        """The providers whose key stands in the bytes."""
        return [provider for provider, key in self.keys.items() if key.encode() in content]

    async def scripts_answer(self, provider: Provider, usage: Usage, thoughts: int = 0) -> None:
        """What the provider's simulator answers next, by the tokens that it says it took."""
        body = scripted_answer(provider, self.chat_model(provider), usage, thoughts)
        await self.simulator.script({"provider": provider.value, "operation": "chat.create", "do": {"body": body}})

    def told_usages(self) -> list[Usage]:
        """The tokens that providers told in their answers so far, answer by answer, as they went over the wire."""
        return [told for exchange in self.wire.exchanges if (told := told_usage(exchange)) is not None]

    # Knowing ---------------------------------------------------------------------------------------------------------

    @property
    def simulated(self) -> bool:
        return self.control is not None

    @property
    def simulator(self) -> Control:
        assert self.control is not None, "a scenario that needs the simulator is tagged @simulator_only"
        return self.control

    @property
    def clock_tolerance_seconds(self) -> float:
        """Zero on the simulator, whose clock is the tenant's own."""
        return 0.0 if self.simulated else LIVE_TOLERANCE_SECONDS

    expiry_tolerance_seconds = 1.0
    """Gemini counts its 48 hours from the request and not from the creation: 0.6 s apart in a recording of 2026-08."""

    async def gone(self, look: Callable[[], Awaitable[object]]) -> bool:
        """Whether `look` is refused as not found: at once on the simulator, within 10 seconds live (tracker row FM-04)."""
        for waited in range(1 if self.simulated else 10):
            if waited:
                await self.clock.sleep(1)
            if (answer := await self.tries(look())) is None and self.refusal().kind == "not_found":
                return True
        if answer is None:
            self.refusal("not_found")  # refused, but for another reason: that is what the step says then
        return False

    async def becomes(self, look: Callable[[], Awaitable[bool]], wanted: bool) -> bool:
        """Whether `look` answers `wanted`: at once on the simulator, within 10 seconds live."""
        for waited in range(1 if self.simulated else 10):
            if waited:
                await self.clock.sleep(1)
            if await look() is wanted:
                return True
        return False

    def assistants_on(self, backend: str) -> Assistants:
        """OpenAI's assistants on one of the two APIs that serve them."""
        gateway = self.gateway(Provider.OPENAI)
        self.assistants.backend = backend
        return gateway.assistants_v2 if backend == ASSISTANTS_API else gateway.assistants

    @property
    def desk(self) -> Assistants:
        """The assistants on the scenario's own API."""
        return self.assistants_on(self.assistants.backend)

    def spent(self) -> Decimal:
        """US dollars that the ledger has charged for the scenario so far."""
        return total(self.charges())

    async def store_for_searching(self, name: str, provider: Provider) -> None:
        """Stores a fixture for a store of documents, and remembers the file."""
        purpose = "assistants" if self.has_purposes(provider) else None
        self.files.remember(
            name, await self.does(self.gateway(provider).files.upload(self.fixture(name), purpose=purpose))
        )

    def scratch(self) -> Path:
        """A folder of the scenario's own, gone with it."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="touchstone-")
        return Path(self._scratch.name)

    async def compare_caching(
        self,
        provider: Provider,
        *,
        uncached: Callable[[], Awaitable[ChatAnswer]],
        cached: Callable[[], Awaitable[ChatAnswer]],
        filling: Usage,
        storage: Callable[[], Awaitable[Decimal]],
    ) -> CachingReport:
        """Twenty calls of each kind on the simulator, three live, and the report shown."""
        model = self.caching_model(provider).id
        calls = 20 if self.simulated else 3
        report = await compare(
            provider,
            model,
            calls,
            self.clock,
            uncached=uncached,
            cached=cached,
            filling=filling,
            storage_usd=storage,
        )
        self.caching.written = self.show(report)
        return report

    async def state(self) -> Mapping[str, Any]:
        """The simulator's own account of this tenant."""
        return await self.simulator.state()
