"""The same question to several providers at once: one record a provider, a ranking by cost, and embeddings beside each other."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from support.errors import TouchstoneError, UnknownPrice
from support.gateway import embeddings as vectors
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.model_limits import check_model
from support.gateway.several.routes import Route, check_some
from support.ledger.budget import Tier
from support.ledger.prices import price
from support.values import ChatAnswer, Embeddings, Message, Provider, StopReason, Usage

if TYPE_CHECKING:
    from rich.table import Table

NOTHING = Decimal(0)
ITSELF = 1e-3
"""How far from 1 the similarity of a vector with itself may be."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one provider made of the question: the same fields for each, or the error in their place."""

    provider: Provider
    model: str
    """As it was asked for."""
    seconds: float
    """Real time, repetitions included."""
    text: str | None = None
    stop_reason: StopReason | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    """The provider's own total where it gives one, else the sum of the two."""
    cost_usd: Decimal | None = None
    """None where nothing was answered, or no price is known (`unpriced`)."""
    unpriced: bool = False
    id: str | None = None
    """The answer's, as the provider named it."""
    usage: Usage | None = None
    error: TouchstoneError | None = field(default=None, repr=False)
    raw: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One record for each provider, in the order in which they were named."""

    records: tuple[Answered, ...]
    not_run: Mapping[Provider, str] = field(default_factory=dict)
    """Why these were not asked at all, such as a key that is missing: they passed nothing."""

    @property
    def answered(self) -> tuple[Answered, ...]:
        return tuple(record for record in self.records if record.ok)

    @property
    def failed(self) -> tuple[Answered, ...]:
        return tuple(record for record in self.records if not record.ok)

    @property
    def ranking(self) -> tuple[Answered, ...]:
        """Those whose cost is known, the cheapest first."""
        return cheapest_first(self.records)

    @property
    def cost_usd(self) -> Decimal | None:
        """Of all answers, in dollars; None where one has no known price."""
        return total_cost(self.records)

    def record(self, provider: Provider) -> Answered:
        """The first record of a provider; LookupError where it was not asked."""
        for record in self.records:
            if record.provider is provider:
                return record
        raise LookupError(f"{provider} was not asked: {self.not_run.get(provider, 'it is not among the routes')}")

    def markdown(self) -> str:
        """A table, and the ranking under it."""
        lines = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
        lines += [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in self.rows()]
        return "\n".join([*lines, "", self.ranked()]) + "\n"

    def console(self) -> "Table":
        """The same for a terminal, to be printed by rich."""
        from rich.markup import escape
        from rich.table import Table

        table = Table(title="The same question", title_justify="left", caption=self.ranked(), caption_justify="left")
        for column in COLUMNS:
            table.add_column(column, justify="right" if column in _NUMBERS else "left")
        for row in self.rows():
            table.add_row(*(escape(cell) for cell in row))
        return table

    @property
    def columns(self) -> tuple[str, ...]:
        """What the cells of a row are."""
        return COLUMNS

    def rows(self) -> list[list[str]]:
        """A row of cells for each provider."""
        told = [row_of(record) for record in self.records]
        return told + [[provider, "", "not run", *[""] * 6, why] for provider, why in self.not_run.items()]

    def ranked(self) -> str:
        """Who is the cheapest, in one sentence."""
        named = ", ".join(f"{each.provider} ({shown(each)})" for each in self.ranking)
        return f"Cheapest to dearest: {named or 'no cost is known'}."


COLUMNS = ("provider", "model", "ended", "in", "out", "total", "USD", "seconds", "id", "text")
_NUMBERS = ("in", "out", "total", "USD", "seconds")
_LONGEST_TEXT = 80
"""Characters of an answer in a table."""


async def side_by_side(
    routes: Sequence[Route],
    messages: Sequence[Message],
    *,
    max_output_tokens: int,
    system: str | None = None,
    stream: bool = False,
    not_run: Mapping[Provider, str] | None = None,
) -> Comparison:
    """Asks all at once. What one of them does not answer is its record's error, and stops nobody else.

    With `stream` the answers come in pieces; what is told of them is the same.

    `not_run` tells whom the caller could not ask, and why. Raises InvalidRequest, naming `routes`, for none at all.
    """
    check_some(routes)

    async def ask(route: Route) -> Answered:
        gateway, model = route
        began = time.monotonic()
        try:
            check_model(gateway.provider, Capability.CHAT, model)
            said: dict[str, Any] = {"model": model, "max_output_tokens": max_output_tokens, "system": system}
            answer = await (in_pieces(gateway, messages, said) if stream else gateway.chat.ask(messages, **said))
        except TouchstoneError as error:
            return failed(gateway.provider, model, error, time.monotonic() - began)
        return record(gateway.provider, model, answer, time.monotonic() - began)

    return Comparison(tuple(await asyncio.gather(*map(ask, routes))), dict(not_run or {}))


async def in_pieces(gateway: ProviderGateway, messages: Sequence[Message], said: Mapping[str, Any]) -> ChatAnswer:
    """The whole of an answer that came in pieces."""
    pieces = gateway.chat.stream(messages, **said)
    async for _ in pieces:
        pass
    return pieces.answer


def record(provider: Provider, model: str, answer: ChatAnswer, seconds: float) -> Answered:
    """The record of an answer."""
    cost = price(provider, model, answer.usage)
    return Answered(
        provider=provider,
        model=model,
        seconds=seconds,
        text=answer.text,
        stop_reason=answer.stop_reason,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        total_tokens=total_tokens(answer),
        cost_usd=cost,
        unpriced=cost is None,
        id=answer.id,
        usage=answer.usage,
        raw=answer.raw,
    )


def failed(provider: Provider, model: str, error: TouchstoneError, seconds: float) -> Answered:
    """The record of a question that was not answered."""
    return Answered(provider, model, seconds, error=error, unpriced=error.kind == "unknown_price")


_TOTALS: Sequence[tuple[str, str]] = (("usage", "total_tokens"), ("usageMetadata", "totalTokenCount"))
"""Where a provider tells its own total (provider-facts 9); Anthropic tells none."""


def total_tokens(answer: ChatAnswer) -> int:
    """The provider's own total where it gives one, else input and output together."""
    for figures, total in _TOTALS:
        told = (answer.raw.get(figures) or {}).get(total)
        if told is not None:
            return int(told)
    return answer.usage.input_tokens + answer.usage.output_tokens


def cheapest_first(records: Sequence[Answered]) -> tuple[Answered, ...]:
    """Those whose cost is known; of the same cost, in the order given."""
    priced = [(record.cost_usd, record) for record in records if record.cost_usd is not None]
    return tuple(record for _, record in sorted(priced, key=lambda pair: pair[0]))


def estimate(provider: Provider, model: str, usage: Usage, tier: Tier = "standard") -> Decimal:
    """What so many tokens would cost in dollars. Raises UnknownPrice where nobody knows; nothing is sent."""
    cost = price(provider, model, usage, tier)
    if cost is None:
        told = f"no price is known for {model}; name a model with a known price, or ask {provider} for it"
        raise UnknownPrice(told, provider=provider, param="model")
    return cost


def total_cost(records: Sequence[Answered]) -> Decimal | None:
    """The sum of the answers in dollars; None where one has no known price. What failed costs nothing."""
    total = NOTHING
    for each in records:
        if each.unpriced:
            return None
        total += each.cost_usd or NOTHING
    return total


def row_of(record: Answered) -> list[str]:
    """A record as cells, in the order of COLUMNS."""
    head = [record.provider, record.model]
    if record.error is not None:
        return [*head, record.error.kind, "", "", "", shown(record), f"{record.seconds:.3f}", "", record.error.message]
    numbers = [record.input_tokens, record.output_tokens, record.total_tokens]
    text = " ".join((record.text or "").split())
    cut = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    return [
        *head,
        record.stop_reason or "",
        *(str(number) for number in numbers),
        shown(record),
        f"{record.seconds:.3f}",
        record.id or "",
        cut,
    ]


def shown(record: Answered) -> str:
    """The cost in words; never 0 where it is not known."""
    if record.unpriced:
        return "unpriced"
    return "" if record.cost_usd is None else f"{record.cost_usd.normalize():f}"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


# Embeddings -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Embedded:
    """How near one provider's vectors are: a text to a related one and to an unrelated one; or the error."""

    provider: Provider
    model: str
    seconds: float
    dimensions: int | None = None
    related: float | None = None
    unrelated: float | None = None
    itself: float | None = None
    """The text's vector to itself."""
    cost_usd: Decimal | None = None
    """None where the provider tells no tokens, or no price is known."""
    embeddings: Embeddings | None = field(default=None, repr=False)
    error: TouchstoneError | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def margin(self) -> float | None:
        """By how much the related text is nearer."""
        return None if self.related is None or self.unrelated is None else self.related - self.unrelated

    def tells_apart(self, least: float) -> bool:
        """Whether the related text is nearer by that much, and the text is the same as itself."""
        margin = self.margin
        return margin is not None and margin >= least and self.itself is not None and abs(self.itself - 1) <= ITSELF


@dataclass(frozen=True, slots=True)
class EmbeddingComparison:
    """One record for each provider. Vectors of different models are never compared: only how well each orders its own."""

    records: tuple[Embedded, ...]
    not_run: Mapping[Provider, str] = field(default_factory=dict)

    def record(self, provider: Provider) -> Embedded:
        """The first record of a provider; LookupError where it was not asked."""
        for record in self.records:
            if record.provider is provider:
                return record
        raise LookupError(f"{provider} was not asked: {self.not_run.get(provider, 'it is not among the routes')}")

    def across(self, one: Provider, other: Provider) -> float:
        """How near the text's vectors of two providers are. Raises InvalidRequest, naming both models: that means nothing."""
        return compared(_vectors(self.record(one)), _vectors(self.record(other)))

    def markdown(self) -> str:
        """A table."""
        lines = [
            "| provider | model | dimensions | related | unrelated | margin |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for each in self.records:
            if each.error is not None:
                cells = [each.error.kind, _escaped(each.error.message), "", ""]
            else:
                cells = [
                    str(each.dimensions),
                    *(_near(figure) for figure in (each.related, each.unrelated, each.margin)),
                ]
            lines.append(f"| {each.provider} | {each.model} | {' | '.join(cells)} |")
        lines += [f"| {provider} | | not run | {_escaped(why)} | | |" for provider, why in self.not_run.items()]
        return "\n".join(lines) + "\n"

    def console(self) -> "Table":
        """The same for a terminal, to be printed by rich."""
        from rich.markup import escape
        from rich.table import Table

        head, _, *rows = self.markdown().splitlines()
        table = Table(title="The same texts as vectors", title_justify="left")
        for column in head.strip("| ").split(" | "):
            table.add_column(column)
        for row in rows:
            table.add_row(*(escape(cell.strip()) for cell in row[1:-1].split("|")))
        return table


async def embeddings_side_by_side(
    routes: Sequence[Route],
    *,
    text: str,
    related: str,
    unrelated: str,
    not_run: Mapping[Provider, str] | None = None,
) -> EmbeddingComparison:
    """Makes vectors of the three texts at each provider at once; one without embeddings is Unsupported in its record."""
    check_some(routes)

    async def embed(route: Route) -> Embedded:
        gateway, model = route
        began = time.monotonic()
        try:
            made = await gateway.embeddings.embed((text, related, unrelated), model=model)
            return embedded(gateway.provider, model, made, time.monotonic() - began)
        except TouchstoneError as error:
            return Embedded(gateway.provider, model, time.monotonic() - began, error=error)

    return EmbeddingComparison(tuple(await asyncio.gather(*map(embed, routes))), dict(not_run or {}))


def embedded(provider: Provider, model: str, made: Embeddings, seconds: float) -> Embedded:
    """The record of three vectors: of the text, of a related one, of an unrelated one."""
    return Embedded(
        provider=provider,
        model=model,
        seconds=seconds,
        dimensions=len(made.vectors[0]),
        related=vectors.similarity(made, 0, made, 1),
        unrelated=vectors.similarity(made, 0, made, 2),
        itself=vectors.similarity(made, 0, made, 0),
        cost_usd=None if made.usage is None else price(provider, model, made.usage),
        embeddings=made,
    )


def compared(one: Embeddings, other: Embeddings) -> float:
    """How near the first vectors of two are. Raises InvalidRequest for different models."""
    return vectors.similarity(one, 0, other, 0)


def nearest_first(to: Embeddings, among: Embeddings) -> list[tuple[int, float]]:
    """The places of the vectors and their nearness to the first vector of `to`, the nearest first.

    Raises InvalidRequest, naming both models, where they are of different models.
    """
    return vectors.best_first([(place, vectors.similarity(to, 0, among, place)) for place in range(len(among.vectors))])


def _vectors(record: Embedded) -> Embeddings:
    if record.error is not None:
        raise record.error
    assert record.embeddings is not None
    return record.embeddings


def _near(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4f}"
