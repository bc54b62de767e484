"""What one scenario remembers, an area each: typed, so that a sentence cannot ask for what no other sentence left."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from support.gateway import batching
from support.gateway.batching import BatchBenchmark, BatchOutcome
from support.gateway.sessions import Session
from support.gateway.sessions.another_process import FoundSession
from support.gateway.several import Cell, Comparison, EmbeddingComparison, Failover, Routed, Workflow, WorkflowResult
from support.values import (
    Assistant,
    AssistantPage,
    BatchItem,
    BatchProgress,
    BatchRequest,
    CachedContext,
    CachePage,
    CacheUse,
    CachingReport,
    ChatAnswer,
    Deletion,
    DocumentPage,
    Embeddings,
    FileBatch,
    GroundedAnswer,
    Hit,
    Message,
    NewMessage,
    Provider,
    ProviderBatch,
    Run,
    RunEvent,
    StoredDocument,
    StoredFile,
    Thread,
    ThreadMessage,
    ToolCall,
    TrainingData,
    TrainingExample,
    TuningEstimate,
    TuningEvent,
    TuningJob,
    TuningOptions,
    UploadOutcome,
    Usage,
    VectorStore,
)


@dataclass
class FilesMemory:
    """What a scenario about files remembers."""

    stored: dict[str, StoredFile] = field(default_factory=dict)
    """As the upload answered, by local name; the same name stored again gets a number behind it."""
    latest: StoredFile | None = None
    asked_at: datetime | None = None
    """The clock's time just before the latest upload."""
    paths: list[Path] = field(default_factory=list)
    outcomes: list[UploadOutcome] = field(default_factory=list)
    read: StoredFile | None = None
    content: bytes | None = None
    deletion: Deletion | None = None
    listed: list[StoredFile] = field(default_factory=list)
    unknown_id: str | None = None
    path: Path | None = None

    def remember(self, local_name: str, file: StoredFile) -> None:
        key, number = local_name, 2
        while key in self.stored:
            key, number = f"{local_name} {number}", number + 1
        self.stored[key] = file
        self.latest = file

    @property
    def file(self) -> StoredFile:
        """The file that the scenario calls "the file"."""
        assert self.latest is not None, "the scenario has stored no file yet"
        return self.latest


@dataclass
class CachingMemory:
    """What a scenario about caching remembers."""

    made: list[CachedContext] = field(default_factory=list)
    """As creating them answered."""
    chosen: CachedContext | None = None
    """The one that the scenario calls "the cache", where it has several."""
    read: CachedContext | None = None
    updated_at: datetime | None = None
    pages: list[CachePage] = field(default_factory=list)
    listed: list[CachedContext] = field(default_factory=list)
    unknown_id: str | None = None
    use: CacheUse | None = None
    """How the questions are cached."""
    provider: Provider | None = None
    """Whom they are for."""
    question: str = ""
    answers: list[ChatAnswer] = field(default_factory=list)
    conversation: list[Message] = field(default_factory=list)
    tried: tuple[Message, ...] = ()
    """What was to be kept, where that may be refused."""
    report: CachingReport | None = None
    written: Path | None = None
    """Where the report was written down."""
    seconds_per_token: float = 0.0

    @property
    def cache(self) -> CachedContext:
        found = self.chosen or (self.made[-1] if self.made else None)
        assert found is not None, "the scenario has made no cache yet"
        return found


@dataclass
class KnowledgeMemory:
    """What a scenario about stores of documents, or about vectors, remembers."""

    made: list[VectorStore] = field(default_factory=list)
    """As creating them answered."""
    chosen: VectorStore | None = None
    """The one that the scenario calls "the store", where it has several."""
    before: VectorStore | None = None
    added: dict[str, StoredDocument] = field(default_factory=dict)
    """As taking them in answered, by the fixture's name."""
    documents: tuple[StoredDocument, ...] = ()
    """As the wait for their indexing answered."""
    filed_before: StoredDocument | None = None
    batch: FileBatch | None = None
    pages: list[DocumentPage] = field(default_factory=list)
    hits: tuple[Hit, ...] = ()
    searches: list[tuple[float, tuple[Hit, ...]]] = field(default_factory=list)
    """With their least scores."""
    pieces: list[str] = field(default_factory=list)
    answer: GroundedAnswer | None = None
    embedded: list[Embeddings] = field(default_factory=list)
    nearest: list[tuple[str, float]] = field(default_factory=list)
    nearest_close: list[tuple[str, float]] = field(default_factory=list)

    @property
    def store(self) -> VectorStore:
        found = self.chosen or (self.made[-1] if self.made else None)
        assert found is not None, "the scenario has made no store yet"
        return found


@dataclass
class AssistantsMemory:
    """What a scenario about assistants, threads and runs remembers."""

    backend: str = ""
    """Which of the two APIs the scenario is on, as the sentence calls it."""
    made: list[Assistant] = field(default_factory=list)
    """As creating them answered."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """What was said of the latest one."""
    before: Assistant | None = None
    """As it was before it was changed."""
    read: Assistant | None = None
    deletion: Deletion | None = None
    pages: list[AssistantPage] = field(default_factory=list)
    unknown_id: str = ""
    threads: list[Thread] = field(default_factory=list)
    added: list[ThreadMessage] = field(default_factory=list)
    sent: list[NewMessage] = field(default_factory=list)
    """As they were given, in order."""
    walked: list[list[str]] = field(default_factory=list)
    """Ids, page by page."""
    runs: list[Run] = field(default_factory=list)
    """As last seen, in the order of their beginning."""
    asked_at: datetime | None = None
    """The clock's time just before a run was asked for."""
    seen: list[Run] = field(default_factory=list)
    """Every look at the latest one."""
    events: list[tuple[float, RunEvent]] = field(default_factory=list)
    """With the seconds since the run was asked for."""
    calls: list[ToolCall] = field(default_factory=list)
    conversation: list[Message] = field(default_factory=list)
    cleared: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    """How each thing that was cleared up can be looked for."""

    @property
    def assistant(self) -> Assistant:
        assert self.made, "the scenario has made no assistant yet"
        return self.made[-1]

    @property
    def thread(self) -> Thread:
        assert self.threads, "the scenario has opened no thread yet"
        return self.threads[-1]

    @property
    def run(self) -> Run:
        assert self.runs, "the scenario has started no run yet"
        return self.runs[-1]


@dataclass
class BatchMemory:
    """What a scenario about many questions remembers."""

    provider: Provider | None = None
    """Whom the questions are for."""
    requests: list[BatchRequest] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    """The one text that each question leaves as its answer, by the question's id."""
    endpoint: str = "chat"
    outcome: BatchOutcome | None = None
    others: BatchOutcome | None = None
    """Of another provider, asked meanwhile."""
    began: datetime | None = None
    ended: datetime | None = None
    """On the clock, around asking them."""
    seconds: float = 0.0
    """Of real time, for asking them."""
    others_ended: datetime | None = None
    halfway: tuple[BatchItem, ...] = ()
    heard: list[tuple[str, Any]] = field(default_factory=list)
    """What listeners were told: of what, and what."""
    failure: Exception | None = None
    groups: list[tuple[BatchRequest, ...]] = field(default_factory=list)
    token_groups: list[batching.Group] = field(default_factory=list)
    batches: list[ProviderBatch] = field(default_factory=list)
    """As handing over answered, or as last looked at."""
    seen: list[ProviderBatch] = field(default_factory=list)
    """Every look at the latest one."""
    progress: list[BatchProgress] = field(default_factory=list)
    results: list[BatchItem] = field(default_factory=list)
    output: bytes = b""
    """The lines of answers as OpenAI keeps them."""
    result_times: list[float] = field(default_factory=list)
    """Seconds of real time from the beginning of reading to each result."""
    peak_bytes: list[int] = field(default_factory=list)
    """The most memory that writing and reading took."""
    journal: Path | None = None
    comparison: BatchBenchmark | None = None

    @property
    def asked(self) -> Provider:
        assert self.provider is not None, "the scenario has no questions yet"
        return self.provider

    @property
    def took(self) -> float:
        """Seconds on the clock, for asking them."""
        assert self.began is not None, "nobody asked the questions yet"
        assert self.ended is not None, "the questions are still being asked"
        return (self.ended - self.began).total_seconds()

    @property
    def told(self) -> BatchOutcome:
        assert self.outcome is not None, "nobody asked the questions yet"
        return self.outcome

    @property
    def batch(self) -> ProviderBatch:
        assert self.batches, "the scenario has handed over no batch yet"
        return self.batches[-1]


@dataclass
class TuningMemory:
    """What a scenario about training remembers."""

    examples: list[TrainingExample] = field(default_factory=list)
    path: Path | None = None
    data: TrainingData | None = None
    parts: list[tuple[list[TrainingExample], list[TrainingExample]]] = field(default_factory=list)
    stored: StoredFile | None = None
    estimate: TuningEstimate | None = None
    options: TuningOptions | None = None
    jobs: list[TuningJob] = field(default_factory=list)
    """As last seen, in the order of their beginning."""
    seen: list[TuningJob] = field(default_factory=list)
    """Every look at the latest one."""
    events: list[TuningEvent] = field(default_factory=list)
    waited: float = 0.0
    """Seconds on the clock, for the end of the job."""
    deletion: Deletion | None = None
    asked: str = ""
    """The model that was asked for last, where it may be refused."""

    @property
    def job(self) -> TuningJob:
        assert self.jobs, "the scenario has started no job yet"
        return self.jobs[-1]


Said = tuple[Literal["user", "assistant"], str]
"""Who said what in a session."""


@dataclass
class SessionsMemory:
    """What a scenario about sessions remembers."""

    made: list[Session] = field(default_factory=list)
    """In the order of their beginning; the last is the one that the scenario calls "the session"."""
    talks: dict[str, list[Said]] = field(default_factory=dict)
    """Who said what, in order, by the session's id: what the team asked and what came back, whatever the session kept of it."""
    kept_at_most: int | None = None
    """How many sessions the store has room for."""
    found: FoundSession | None = None
    """As another process found it."""
    file_as_found: bytes = b""
    """What was on the disk before it was tried."""
    loaded: Session | None = None
    swept: list[tuple[str, ...]] = field(default_factory=list)
    """The ids that each sweep has removed."""
    branches: dict[str, Session] = field(default_factory=dict)
    """By the name that the scenario gave them."""
    whole: list[bytes] = field(default_factory=list)
    """All that the session held at a moment that the scenario comes back to."""
    planned: list[Usage] = field(default_factory=list)
    """The tokens that the scenario has scripted, answer by answer."""
    spent_before: Decimal = Decimal(0)
    """US dollars in the ledger at that moment."""
    noted_ids: dict[str, list[str]] = field(default_factory=dict)
    """The ids of the messages at each checkpoint, by its name."""
    sent_texts: dict[str, list[str]] = field(default_factory=dict)
    """The texts that each branch sent with its latest question, by the branch's name."""

    @property
    def session(self) -> Session:
        assert self.made, "the scenario has begun no session yet"
        return self.made[-1]

    @property
    def talk(self) -> list[Said]:
        """Who said what in the session."""
        return self.talks.get(self.session.id, [])


@dataclass
class SeveralMemory:
    """What a scenario about several providers together remembers."""

    asked_in_turn: tuple[Provider, ...] = ()
    late: set[Provider] = field(default_factory=set)
    """Those that do not answer in time."""
    cell: Cell | None = None
    """What was told last of a provider, or a model."""
    trainable: list[str] = field(default_factory=list)
    comparison: Comparison | None = None
    shown: list[str] = field(default_factory=list)
    """What the console says of the latest comparison."""
    conversation: Sequence[Message] = ()
    vectors: EmbeddingComparison | None = None
    estimated: Decimal | None = None
    """US dollars."""
    failover: Failover | None = None
    workflow: Workflow | None = None
    work: WorkflowResult | None = None
    routed: list[Routed] = field(default_factory=list)
    """In the order of the questions."""

    @property
    def compared(self) -> Comparison:
        assert self.comparison is not None, "the scenario has compared nothing yet"
        return self.comparison

    @property
    def embedded(self) -> EmbeddingComparison:
        assert self.vectors is not None, "the scenario has made no vectors yet"
        return self.vectors

    @property
    def told(self) -> Cell:
        assert self.cell is not None, "the scenario has looked nothing up yet"
        return self.cell

    @property
    def done(self) -> WorkflowResult:
        assert self.work is not None, "the scenario has had no work done yet"
        return self.work
