"""What one scenario remembers and can do: the object on behave's context that the steps speak to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from support.catalogue.fixtures import fixture
from support.catalogue.limits import batch_limits, file_limits
from support.catalogue.models import Model, model_for
from support.errors import BudgetExceeded, RequestTimeout, TouchstoneError, UnknownPrice
from support.gateway import batches as batch_checks
from support.gateway import batching, training_data
from support.gateway.caching_benchmark import compare
from support.gateway.capabilities import Assistants, ProviderGateway
from support.gateway.clock import Clock
from support.gateway.embeddings import find_similar, similarity
from support.gateway.exchanges import Exchange, Wire
from support.gateway.markers import random_token
from support.gateway.sessions import Session, SessionSettings, SessionStore
from support.gateway.uploads import SentUpload, sent_uploads
from support.ledger import Call, own_price, price, total
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
from support.targets import Control
from support.values import CachingReport, ChatAnswer, Provider, Usage

R = TypeVar("R")

LIVE_TOLERANCE_SECONDS = 120.0
"""How far a provider's clock may be from ours (tracker row FM-03)."""


ASSISTANTS_API = "the Assistants API"
"""What a sentence calls OpenAI's API of assistants that was switched off on 2026-08-26."""


class Refused(AssertionError):
    """The counterpart refused what the scenario says it does."""


@dataclass
class World:
    """One scenario's world."""

    open_gateway: Callable[[Provider, str | None], ProviderGateway]
    clock: Clock
    wire: Wire
    control: Control | None
    """What only a simulator can do; None elsewhere, where such scenarios are skipped."""
    run_id: str
    charges: Callable[[], Sequence[Call]] = tuple
    """What the ledger has of this scenario, a row a call."""
    show: Callable[[CachingReport], None] = lambda report: None
    """Puts a report before the reader."""
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

    async def begin_session(self, provider: Provider, *, system: str | None = None, **settings: Any) -> Session:
        """A conversation with the provider's chat model, remembered as the scenario's session."""
        model, wanted = self.chat_model(provider), SessionSettings(**settings)
        session = await Session.begin(provider, model, clock=self.clock, system=system, settings=wanted)
        self.sessions.made.append(session)
        return session

    async def says(self, text: str, session: Session | None = None, **options: Any) -> ChatAnswer:
        """A turn of the session that must succeed."""
        chosen = session or self.sessions.session
        return await self.does(chosen.say(text, gateway=self.gateway(chosen.provider), **options))

    def session_store(self, limit: int | None = None) -> SessionStore:
        """The scenario's store of sessions as a process that knows only the disk finds it."""
        return SessionStore(self.scratch() / "sessions", limit, clock=self.clock)

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
        """None on the simulator, whose clock is the tenant's own."""
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

    def fixture(self, name: str) -> Path:
        return fixture(name)

    def has_purposes(self, provider: Provider) -> bool:
        """Whether the provider asks what a file is for."""
        return file_limits(provider).purposes is not None

    def chat_model(self, provider: Provider) -> str:
        model = model_for(provider, "chat")
        assert model is not None, f"the catalogue has no chat model for {provider}"
        return model.id

    def other_chat_model(self, provider: Provider) -> str:
        """Another model for the same work."""
        model = model_for(provider, "chat_other")
        assert model is not None, f"the catalogue has no second chat model for {provider}"
        return model.id

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

    def tool_fee(self, item: str) -> Decimal:
        """US dollars for one use of a tool that OpenAI runs itself."""
        known = own_price(Provider.OPENAI, item)
        assert known is not None, f"no price is known for {item}"
        return known.dollars / 1000 if known.unit.startswith("1,000") else known.dollars

    async def store_for_searching(self, name: str, provider: Provider) -> None:
        """Stores a fixture for a store of documents, and remembers the file."""
        purpose = "assistants" if self.has_purposes(provider) else None
        self.files.remember(
            name, await self.does(self.gateway(provider).files.upload(self.fixture(name), purpose=purpose))
        )

    def embedding_model(self, provider: Provider) -> str:
        """The model for vectors; a name that nobody has where the provider makes none."""
        model = model_for(provider, "embeddings")
        return "none" if model is None else model.id

    def embedding_price(self, provider: Provider, tokens: int) -> Decimal:
        """US dollars for tokens that become vectors."""
        cost = price(provider, self.embedding_model(provider), Usage(uncached_input_tokens=tokens))
        assert cost is not None, f"no price is known for the embedding model of {provider}"
        return cost

    def chat_price(self, provider: Provider, usage: Usage) -> Decimal:
        """US dollars for an answer of the chat model."""
        cost = price(provider, self.chat_model(provider), usage)
        assert cost is not None, f"no price is known for the chat model of {provider}"
        return cost

    batching = batching
    """Asking many questions: runs, groups, limiters, journals (`support.gateway.batching`)."""
    batch_checks = batch_checks
    """What is checked of a provider's batch before anything is sent."""
    batch_limits = staticmethod(batch_limits)

    training = training_data
    """Writing, reading, splitting and checking training data (`support.gateway.training_data`)."""

    def tuning_model(self) -> str:
        """The model that is trained."""
        model = model_for(Provider.OPENAI, "fine_tuning")
        assert model is not None, "the catalogue has no model for training"
        return model.id

    def training_price(self, tokens: int) -> Decimal:
        """US dollars for so many tokens of training."""
        known = own_price(Provider.OPENAI, "training", self.tuning_model())
        assert known is not None, "no price of training is known"
        return known.dollars * tokens / 1_000_000

    def price_of(self, provider: Provider, model: str, usage: Usage) -> Decimal:
        """US dollars for an answer of a model by its name."""
        cost = price(provider, model, usage)
        assert cost is not None, f"no price is known for {model}"
        return cost

    def batch_price(self, provider: Provider, usage: Usage) -> Decimal:
        """US dollars for an answer of the chat model in a provider's batch."""
        cost = price(provider, self.chat_model(provider), usage, "batch")
        assert cost is not None, f"no price is known for batches of {provider}"
        return cost

    def scratch(self) -> Path:
        """A folder of the scenario's own, gone with it."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="touchstone-")
        return Path(self._scratch.name)

    similarity = staticmethod(similarity)
    find_similar = staticmethod(find_similar)

    def caching_model(self, provider: Provider) -> Model:
        """The model for questions over a cache, with its window and the least that is cached."""
        model = model_for(provider, "caching")
        assert model is not None, f"the catalogue has no model for caching on {provider}"
        return model

    def input_price(self, provider: Provider, tokens: int = 1) -> Decimal:
        """US dollars for tokens that go in, cached nowhere, at the price of the caching model."""
        cost = price(provider, self.caching_model(provider).id, Usage(uncached_input_tokens=tokens))
        assert cost is not None, f"no price is known for the caching model of {provider}"
        return cost

    def output_price(self, provider: Provider, tokens: int) -> Decimal:
        """US dollars for tokens that come out."""
        cost = price(provider, self.caching_model(provider).id, Usage(output_tokens=tokens))
        assert cost is not None, f"no price is known for the caching model of {provider}"
        return cost

    def storage_rate(self, provider: Provider) -> Decimal:
        """US dollars for keeping a million tokens in a cache for an hour; zero where nobody charges for it."""
        known = own_price(provider, "cache_storage", self.caching_model(provider).id)
        return Decimal(0) if known is None else known.dollars

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
        self.show(report)
        return report

    async def state(self) -> Mapping[str, Any]:
        """The simulator's own account of this tenant."""
        return await self.simulator.state()
