"""What scenarios do with several providers."""

import socket
from collections.abc import Sequence
from typing import Any

from support.gateway.capabilities import ProviderGateway
from support.gateway.several import (
    Cell,
    Comparison,
    EmbeddingComparison,
    Failover,
    Workflow,
    cell,
    embeddings_side_by_side,
    model_cells,
    side_by_side,
    topic_workflow,
)
from support.gateway.several.judging import is_yes
from support.gateway.several.probing import call_of as trial_of
from support.targets import no_key
from support.values import Message, Provider
from support.world.core import Core, RunSums


class Together(Core):
    """Providers compared, one in another's place, and what each of them can do."""

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

    async def trainable_models(self, provider: Provider) -> list[str]:
        """The models that the gateway tells can be trained, on the scenario's day."""
        told = model_cells((await self.clock.now()).date())
        return [one.model for one in told if one.model and is_yes(one, provider, "fine_tuning")]

    async def tried_out(self) -> None:
        """The smallest call that shows whether what was told is true, and what it made removed again."""
        told = self.several.told
        await trial_of(told)(self.gateway(told.provider), told)
