"""What a scenario may know of models and prices, wherever it runs."""

from decimal import Decimal
from pathlib import Path

from support.catalogue.fixtures import fixture
from support.catalogue.limits import batch_limits, file_limits
from support.catalogue.models import Model, model_for
from support.gateway import batch_checks, batching, training_data
from support.gateway.embeddings import find_similar, similarity
from support.gateway.several.comparing import estimate
from support.ledger import own_price, price
from support.values import Provider, Usage


class Known:
    """Models by their roles, prices by their kinds, and what is checked or written without a provider."""

    estimate = staticmethod(estimate)
    """What so many tokens would cost (`support.gateway.several.comparing`)."""

    def unpriced_model(self, provider: Provider) -> str:
        """A model for chat whose price nobody knows."""
        model = model_for(provider, "unpriced")
        assert model is not None, f"the catalogue has no unpriced model of {provider}"
        return model.id

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

    def tool_fee(self, item: str) -> Decimal:
        """US dollars for one use of a tool that OpenAI runs itself."""
        known = own_price(Provider.OPENAI, item)
        assert known is not None, f"no price is known for {item}"
        return known.dollars / 1000 if known.unit.startswith("1,000") else known.dollars

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
