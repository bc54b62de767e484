"""Sabotages of answers side by side: how questions are sent, what is told of answers and vectors, and what they cost."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from support.audit.sabotages.places import chat_model, gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import Unsupported
from support.values import Embeddings, Message, Provider, Usage

ANTHROPIC = (Provider.ANTHROPIC,)
ASKED = (Provider.OPENAI, Provider.ANTHROPIC)
"""Those beside whom the scenario has one that cannot be asked."""
WITH_EMBEDDINGS = (Provider.OPENAI, Provider.GEMINI)
A_BIT = Decimal("0.000001")
MANY_TOKENS = 8_192
USAGES = {
    Provider.OPENAI: ("chat", "usage_of"),
    Provider.ANTHROPIC: ("chat", "usage"),
    Provider.GEMINI: ("chat", "usage_of"),
}
"""The module and function that reads a provider's figures."""
RAW_REASONS = {
    Provider.OPENAI: ("choices", "finish_reason"),
    Provider.ANTHROPIC: (None, "stop_reason"),
    Provider.GEMINI: ("candidates", "finishReason"),
}
"""Where the provider's own word for an answer's end stands."""


def _system_as_user() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Any:
            if question.system is None:
                return original(self, question)
            fired()
            rule = Message(role="user", text=question.system)
            return original(self, replace(question, system=None, messages=(rule, *question.messages)))

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


def _roles_lost() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Any:
            if all(message.role == "user" for message in question.messages):
                return original(self, question)
            fired()
            users = tuple(
                Message(role="user", text=message.text) if message.role == "assistant" and message.text else message
                for message in question.messages
            )
            return original(self, replace(question, messages=users))

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


def _missing_left_out() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def comparison(answers: Any, not_run: Any) -> Any:
            if not_run:
                fired()
            return original(answers, {})

        return comparison

    return [Patch(gateway("several.comparing"), "Comparison", make)]


def _finish_reason_raw() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def record(provider: Provider, model: str, answer: Any, seconds: float) -> Any:
            right = original(provider, model, answer, seconds)
            holder, name = RAW_REASONS[provider]
            said = answer.raw[holder][0].get(name) if holder and holder in answer.raw else answer.raw.get(name)
            if said is None:
                return right
            fired()
            return replace(right, stop_reason=said)

        return record

    return [Patch(gateway("several.comparing"), "record", make)]


def _usage_zero() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def usage(counts: Any) -> Usage:
            fired()
            return Usage()

        return usage

    return [Patch(module(provider, USAGES[provider][0]), USAGES[provider][1], make) for provider in ALL]


def _max_tokens_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Mapping[str, Any]:
            made: dict[str, Any] = original(self, question)
            fired()
            if "max_tokens" in made:  # Anthropic answers nothing without a limit
                return {**made, "max_tokens": MANY_TOKENS}
            made.pop("max_completion_tokens", None)
            made.get("config", {}).pop("max_output_tokens", None)
            return made

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


# Vectors --------------------------------------------------------------------------------------------------------------


def _mixes_models() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def similarity(one: Embeddings, number: int, other: Embeddings, other_number: int) -> float:
            if one.model == other.model:
                return float(original(one, number, other, other_number))
            fired()
            first, second = one.vectors[number], other.vectors[other_number]
            return sum(a * b for a, b in zip(first, second, strict=False))

        return similarity

    return [Patch(gateway("embeddings"), "similarity", make)]


class _Fake:
    """Makes vectors of nothing but ones."""

    def __init__(self, provider: Provider, fired: Fired) -> None:
        self._provider = provider
        self._fired = fired

    async def embed(self, texts: Any, *, model: str, dimensions: int | None = None) -> Embeddings:
        self._fired()
        vectors = tuple((1.0,) * (dimensions or 8) for _ in texts)
        return Embeddings(provider=self._provider, model=model, vectors=vectors, usage=None, raw={})


def _anthropic_fake() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def offered(self: Any, capability: Any) -> Any:
            try:
                return original(self, capability)
            except Unsupported:
                if capability != "embeddings":
                    raise
                return _Fake(self.provider, fired)

        return offered

    return [Patch(gateway("capabilities.provider").ProviderGateway, "_offered", make)]


# Costs ----------------------------------------------------------------------------------------------------------------


def _rates(change: Any) -> list[Patch]:
    """Changes the rates of every model that has some."""

    def make(original: Any, fired: Fired) -> Any:
        def rates(provider: Provider, model: str, tier: Any, day: Any) -> Any:
            right = original(provider, model, tier, day)
            if right is None:
                return None
            wrong = tuple(change(level) for level in right)
            if wrong != right:
                fired()
            return wrong

        return rates

    return [Patch(_prices(), "_rates", make)]


def _prices() -> Any:
    from support.ledger import prices

    return prices


def _per_thousand() -> list[Patch]:
    def dearer(level: Any) -> Any:
        return level._replace(
            **{name: rate * 1000 for name, rate in level._asdict().items() if isinstance(rate, Decimal)}
        )

    return _rates(dearer)


def _output_at_input_price() -> list[Patch]:
    return _rates(lambda level: level._replace(output=level.uncached_input))


def _total_not_sum() -> list[Patch]:
    """The total of a run's report, and that of a session, is a bit more than its rows."""
    from support.ledger.history import History

    def make_report(original: Any, fired: Fired) -> Any:
        def totals(self: Any, run: str) -> Any:
            fired()
            return [line.model_copy(update={"cost_usd": line.cost_usd + A_BIT}) for line in original(self, run)]

        return totals

    def make_session(original: Any, fired: Fired) -> Any:
        def cost_of(turns: Any) -> Decimal:
            if turns:
                fired()
                return Decimal(original(turns)) + A_BIT
            return Decimal(original(turns))

        return cost_of

    return [
        Patch(History, "totals", make_report),
        Patch(gateway("sessions.totals"), "cost_of", make_session),
    ]


SEVERAL = (
    Sabotage("chat.system_as_user", "What stands beside the question is sent as a question.", ALL, _system_as_user),
    Sabotage("chat.roles_lost", "What the model said before is sent as the user's words.", ALL, _roles_lost),
    Sabotage("compare.missing_left_out", "Who was not asked is not told of.", ASKED, _missing_left_out),
    Sabotage("chat.finish_reason_raw", "Why an answer ended is told in the provider's words.", ALL, _finish_reason_raw),
    Sabotage("chat.usage_zero", "Answers are told to have taken no tokens.", ALL, _usage_zero),
    Sabotage("chat.max_tokens_not_sent", "The limit of an answer is not sent.", ALL, _max_tokens_not_sent),
    Sabotage("embed.mixes_models", "Vectors of two models are compared.", WITH_EMBEDDINGS, _mixes_models),
    Sabotage("embed.anthropic_fake", "Who makes no vectors is said to have made some.", ANTHROPIC, _anthropic_fake),
    Sabotage(
        "cost.per_thousand_vs_million", "The price of a million tokens is paid for a thousand.", ALL, _per_thousand
    ),
    Sabotage("cost.output_at_input_price", "What comes out costs what goes in.", ALL, _output_at_input_price),
    Sabotage("cost.total_not_sum", "A total is not the sum of its rows.", ALL, _total_not_sum),
)
