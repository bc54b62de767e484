"""The documented limits of each provider, which the gateway checks before it sends anything."""

from functools import cache

from pydantic import Field

from support.catalogue import Confidence, read
from support.values import Provider, Value


class Purposes(Value):
    """What a stored file is for; only OpenAI asks (provider-facts 2.1)."""

    upload: tuple[str, ...]
    output_only: tuple[str, ...]
    """Given by the provider to the files it makes; refused for an upload."""
    downloadable: tuple[str, ...]
    """Files of other purposes can be used, but not read back."""
    jsonl_only: tuple[str, ...]
    """The name must end in `.jsonl`."""


class PageLimits(Value):
    """How many items one page of a list may hold."""

    minimum: int
    maximum: int
    default: int


class Expiry(Value):
    """How long a file may be kept, in seconds; `minimum` and `maximum` are None where the caller cannot choose."""

    minimum: int | None = None
    maximum: int | None = None
    default: int | None = None
    """Without being asked; None: until somebody deletes it."""
    default_by_purpose: dict[str, int] = Field(default_factory=dict)


class FileLimits(Value):
    """What a provider allows for stored files; sizes in bytes, names in characters."""

    provider: Provider
    max_bytes: int
    purposes: Purposes | None = None
    """None: the provider knows no purpose, and the gateway refuses one instead of dropping it."""
    uploads_downloadable: bool
    """Whether any uploaded file can be read back (OpenAI: by purpose)."""
    page: PageLimits
    max_ids_in_list: int | None = None
    """How many ids a list may be asked for; None: it cannot be asked for ids."""
    expiry: Expiry
    custom_id_pattern: str | None = None
    """What an id chosen by the caller must match; None: the provider chooses."""
    max_name_characters: int | None = None
    """The longest name that the provider documents; None: it tells none."""
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    source: str


@cache
def _files() -> dict[Provider, FileLimits]:
    entries = (FileLimits.model_validate(entry) for entry in read("limits.toml")["files"])
    return {entry.provider: entry for entry in entries}


def file_limits(provider: Provider) -> FileLimits:
    """The limits for stored files; every provider has them."""
    return _files()[provider]


class StoreLimits(Value):
    """What a provider allows for stores of documents; sizes in tokens and characters."""

    provider: Provider
    max_name_characters: int
    max_page: int
    expires_days: tuple[int, int] | None = None
    """From and to; None where a store cannot expire."""
    max_metadata: int | None = None
    """Entries; None where a store has no metadata."""
    max_attributes: int
    max_key_characters: int
    max_value_characters: int
    chunk_tokens: tuple[int, int]
    """From and to."""
    overlap_at_most_half: bool
    max_results: int
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    source: str


class EmbeddingLimits(Value):
    """How much one request for vectors may hold."""

    provider: Provider
    max_texts: int
    confidence: Confidence
    source: str


class BatchLimits(Value):
    """What a provider allows for batches; sizes in bytes."""

    provider: Provider
    max_requests: int | None = None
    """None where the provider tells none."""
    max_bytes: int
    """Of the input file, or of the request where the requests stand in it."""
    inline_bytes: int | None = None
    """Below this the requests can stand in the request; None where they always do, or never."""
    id_pattern: str | None = None
    """What the id of a request must match; None: the provider tells none."""
    max_id_characters: int | None = None
    one_model: bool
    """Whether all requests must name the same model."""
    window_hours: int
    """Within which the provider means to be done; the only one that it offers."""
    result_days: int | None = None
    """How long the results can be had, from the creation; None where they are files, or no limit is told."""
    max_page: int
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    source: str


class AssistantLimits(Value):
    """What a provider allows for assistants, threads and runs; lengths in characters."""

    provider: Provider
    max_name_characters: int
    max_description_characters: int
    max_instructions_characters: int
    max_text_characters: int
    """Of one message."""
    max_tools: int
    max_code_files: int
    max_stores: int
    """That one search may look in."""
    max_metadata: int
    """Entries."""
    max_key_characters: int
    max_value_characters: int
    max_page: int
    max_first_messages: int
    """That a conversation can be created with on the successor API."""
    run_seconds: int
    """From a run's creation to its expiry."""
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    source: str


class AutoEpochs(Value):
    """How often a file is gone through where the caller leaves that to the provider."""

    usual: int
    most: int
    seen: tuple[int, int]
    """Examples that are seen in all, from and to: `usual` holds where it lies between."""


class TuningLimits(Value):
    """What a provider allows for fine-tuning."""

    provider: Provider
    min_examples: int
    """Of a training file; a validation file may have fewer."""
    tunable: tuple[str, ...]
    """Shell patterns of models that some method tunes, or once did; the last word is the provider's."""
    max_example_tokens: int
    epochs: tuple[int, int]
    """From and to."""
    batch_size: tuple[int, int]
    """From and to."""
    max_beta: float
    """More than 0."""
    max_seed: int
    max_suffix_characters: int
    auto_epochs: AutoEpochs
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    source: str


@cache
def tuning_limits(provider: Provider) -> TuningLimits:
    """The limits of fine-tuning. Raises LookupError for a provider without it."""
    entries = (TuningLimits.model_validate(entry) for entry in read("limits.toml")["fine_tuning"])
    return {entry.provider: entry for entry in entries}[provider]


@cache
def assistant_limits(provider: Provider) -> AssistantLimits:
    """The limits of assistants. Raises LookupError for a provider without any."""
    entries = (AssistantLimits.model_validate(entry) for entry in read("limits.toml")["assistants"])
    return {entry.provider: entry for entry in entries}[provider]


@cache
def batch_limits(provider: Provider) -> BatchLimits:
    """The limits of batches; every provider has them."""
    entries = (BatchLimits.model_validate(entry) for entry in read("limits.toml")["batches"])
    return {entry.provider: entry for entry in entries}[provider]


@cache
def store_limits(provider: Provider) -> StoreLimits:
    """The limits of stores of documents. Raises LookupError for a provider without any."""
    entries = (StoreLimits.model_validate(entry) for entry in read("limits.toml")["stores"])
    return {entry.provider: entry for entry in entries}[provider]


@cache
def embedding_limits(provider: Provider) -> EmbeddingLimits:
    """The limits of embeddings. Raises LookupError for a provider without any."""
    entries = (EmbeddingLimits.model_validate(entry) for entry in read("limits.toml")["embeddings"])
    return {entry.provider: entry for entry in entries}[provider]
