"""What one scenario remembers and can do: the object on behave's context that the steps speak to."""

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from support.catalogue.fixtures import fixture
from support.catalogue.limits import batch_limits, file_limits
from support.catalogue.models import Model, model_for
from support.errors import BudgetExceeded, RequestTimeout, TouchstoneError, UnknownPrice
from support.gateway import batch_checks, batching, training_data
from support.gateway.caching_benchmark import compare
from support.gateway.capabilities import Assistants, ProviderGateway
from support.gateway.clock import Clock
from support.gateway.embeddings import find_similar, similarity
from support.gateway.exchanges import Exchange, Wire
from support.gateway.markers import random_token
from support.gateway.sent_messages import SentQuestion, sent_questions
from support.gateway.sessions import Session, SessionSettings, SessionStore, transfer
from support.gateway.sessions.another_process import FoundSession, found, found_by_another_process
from support.gateway.sessions.lines import all_lines
from support.gateway.several import (
    Cell,
    Comparison,
    EmbeddingComparison,
    Failover,
    Workflow,
    WorkflowResult,
    cell,
    embeddings_side_by_side,
    model_cells,
    side_by_side,
    topic_workflow,
)
from support.gateway.several.comparing import estimate
from support.gateway.several.judging import is_yes
from support.gateway.several.probing import call_of as trial_of
from support.gateway.told_usage import told_usage
from support.gateway.uploads import SentUpload, sent_uploads
from support.ledger import Call, Line, own_price, price, total
from support.memory import (
    AssistantsMemory,
    BatchMemory,
    CachingMemory,
    FilesMemory,
    KnowledgeMemory,
    Said,
    SessionsMemory,
    SeveralMemory,
    TuningMemory,
)
from support.scripted_answers import scripted_answer
from support.targets import Control, no_key
from support.values import CachingReport, ChatAnswer, Message, Provider, ToolOutput, Usage

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
class World:
    """One scenario's world."""

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

    async def scripts_answer(self, provider: Provider, usage: Usage, thoughts: int = 0) -> None:
        """What the provider's simulator answers next, by the tokens that it says it took."""
        body = scripted_answer(provider, self.chat_model(provider), usage, thoughts)
        await self.simulator.script({"provider": provider.value, "operation": "chat.create", "do": {"body": body}})

    def told_usages(self) -> list[Usage]:
        """The tokens that providers told in their answers so far, answer by answer, as they went over the wire."""
        return [told for exchange in self.wire.exchanges if (told := told_usage(exchange)) is not None]

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

    def fails_over(self, *routes: ProviderGateway | tuple[ProviderGateway, str]) -> Failover:
        """A list of providers to ask in turn: with their chat models, unless a model is given; remembered as the scenario's."""
        named = [route if isinstance(route, tuple) else (route, self.chat_model(route.provider)) for route in routes]
        self.several.failover = Failover(named, self.clock)
        return self.several.failover

    async def compares(self, providers: Sequence[Provider], messages: Sequence[Message], **said: Any) -> Comparison:
        """Asks the providers' chat models side by side, as far as there are keys; remembered, and put before the reader."""
        not_run = {provider: why for provider in providers if (why := self.lacks(provider)) is not None}
        routes = [(self.gateway(one), self.chat_model(one)) for one in providers if one not in not_run]
        return await self.compares_at(routes, messages, not_run=not_run, **said)

    def gives_back_key(self, provider: Provider) -> None:
        """From now on the provider cannot be compared, as on a target that was given no key for it."""
        others = self.lacks
        self.lacks = lambda one: no_key(one) if one is provider else others(one)

    async def compares_at(
        self, routes: Sequence[tuple[ProviderGateway, str]], messages: Sequence[Message], **said: Any
    ) -> Comparison:
        """As `compares`, with models of the caller's choice."""
        made = await self.does(side_by_side(routes, messages, **said))
        self.several.comparison, self.several.shown = made, list(self.show_table(made))
        return made

    async def compares_vectors(
        self, providers: Sequence[Provider], text: str, related: str, unrelated: str
    ) -> EmbeddingComparison:
        """Has the providers make vectors of the same texts, side by side; remembered."""
        routes = [(self.gateway(provider), self.embedding_model(provider)) for provider in providers]
        made = await self.does(embeddings_side_by_side(routes, text=text, related=related, unrelated=unrelated))
        self.several.vectors = made
        return made

    def run_sums(self) -> RunSums:
        """What the report of the run has so far: its total, by provider, by scenario."""
        assert self.sums is not None, "this world belongs to no run"
        return self.sums()

    estimate = staticmethod(estimate)
    """What so many tokens would cost (`support.gateway.several.comparing`)."""

    def unpriced_model(self, provider: Provider) -> str:
        """A model for chat whose price nobody knows."""
        model = model_for(provider, "unpriced")
        assert model is not None, f"the catalogue has no unpriced model of {provider}"
        return model.id

    def topic_work(self, ask_for_topic: str) -> Workflow:
        """The work over three providers that begins with a topic (`support.gateway.several.topic`), remembered."""
        openai, gemini, anthropic = (
            (self.gateway(one), self.chat_model(one)) for one in (Provider.OPENAI, Provider.GEMINI, Provider.ANTHROPIC)
        )
        embedder = self.embedding_model(Provider.GEMINI)
        self.several.workflow = topic_workflow(
            openai, gemini, anthropic, embedder=embedder, clock=self.clock, ask_for_topic=ask_for_topic
        )
        return self.several.workflow

    def unreachable(self, provider: Provider) -> ProviderGateway:
        """The provider's gateway at an address of this machine where nobody listens."""
        if self._deaf is None:
            self._deaf = socket.socket()
            self._deaf.bind(("127.0.0.1", 0))  # taken, so that nobody else gets it, and never listened at
        return self.open_gateway(provider, None, base_url=f"http://127.0.0.1:{self._deaf.getsockname()[1]}")

    def impatient(self, provider: Provider, seconds: float) -> ProviderGateway:
        """The provider's gateway, where each request may take so many seconds of real time."""
        return self.open_gateway(provider, None, request_timeout=seconds)

    async def capability(self, provider: Provider, name: str, model: str | None = None) -> Cell:
        """What the gateway tells of a provider, or of one of its models, on the scenario's day; remembered."""
        self.several.cell = cell(provider, name, model, (await self.clock.now()).date())
        return self.several.cell

    async def tried_out(self) -> None:
        """The smallest call that shows whether what was told is true, and what it made removed again."""
        told = self.several.told
        await trial_of(told)(self.gateway(told.provider), told)

    @staticmethod
    def trainable_models(provider: Provider) -> list[str]:
        """The models that the gateway tells can be trained."""
        return [one.model for one in model_cells() if one.model and is_yes(one, provider, "fine_tuning")]

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
        self.caching.written = self.show(report)
        return report

    async def state(self) -> Mapping[str, Any]:
        """The simulator's own account of this tenant."""
        return await self.simulator.state()
