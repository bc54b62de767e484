"""What every value is made of: providers, money, tokens, and the base of all values."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Provider(StrEnum):
    """The providers, written one way in code, tags, tables and sentences."""

    OPENAI = "OpenAI"
    ANTHROPIC = "Anthropic"
    GEMINI = "Gemini"


class Money(StrEnum):
    """Simulated dollars are counted, but never beside live ones."""

    SIMULATED = "simulated"
    LIVE = "live"


class Value(BaseModel):
    """Base of all values: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(Value):
    """Tokens of one call, in one accounting for all providers: the five kinds do not overlap.

    OpenAI and Gemini count cached tokens inside their input total, Anthropic counts them beside it
    (provider-facts 3.1 to 3.3); the adapters take them apart.
    """

    uncached_input_tokens: int = Field(default=0, ge=0)
    cache_read_tokens: int = Field(default=0, ge=0)
    cache_write_5m_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)

    @property
    def cache_write_tokens(self) -> int:
        """Written to a cache, for however long."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def input_tokens(self) -> int:
        """All tokens that went in: uncached, read from a cache, written to one."""
        return self.uncached_input_tokens + self.cache_read_tokens + self.cache_write_tokens


class Deletion(Value):
    """The provider's confirmation that a resource is gone, the same for every provider."""

    provider: Provider
    id: str
    """The id that was deleted, as the provider named it; Gemini answers with nothing, so there it is the id that was asked."""
