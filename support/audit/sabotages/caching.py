"""Sabotages of keeping contexts in caches, and of what they cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from support.audit.sabotages.places import chat_model, gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import InvalidRequest, NotFound, PermissionDenied
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.chat import Question
from support.gateway.retry import Repeat
from support.values import (
    CacheMarks,
    CacheReference,
    ChatAnswer,
    Deletion,
    Message,
    Provider,
    Usage,
)

GEMINI = (Provider.GEMINI,)


def _caches() -> Any:
    return module(Provider.GEMINI, "caches")


# Keeping --------------------------------------------------------------------------------------------------------------


def _drops_system_instruction() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def config_of(sent_name: str, turns: list[Any], system: str | None, *rest: Any) -> Any:
            if system is not None:
                fired()
            return original(sent_name, turns, None, *rest)

        return config_of

    return [Patch(_caches(), "config_of", make)]


def _list_first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> str | None:
            if original(page) is not None:
                fired()
            return None

        return following

    return [Patch(_caches(), "following", make)]


def _delete_stops_no_billing() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def end(self: Any, cache_id: str, now: datetime) -> None:
            del now
            if self.cache(cache_id) is not None:
                fired()

        return end

    return [Patch(gateway("storage").StorageMeter, "end", make)]


def _delete_noop_for_others() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        class Pretending:
            def __init__(self, provider: Provider) -> None:
                self.provider = provider

            async def delete(self, cache_id: str) -> Deletion:
                fired()
                return Deletion(provider=self.provider, id=cache_id)

        def offered(self: Any, capability: Capability) -> Any:
            if capability is Capability.CACHES and capability not in self.offers:
                return Pretending(self.provider)
            return original(self, capability)

        return offered

    return [Patch(ProviderGateway, "_offered", make)]


def _claims_cached() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def cached(self: ChatAnswer) -> bool:
            if not original.fget(self):
                fired()
            return True

        return property(cached)

    return [Patch(ChatAnswer, "cached", make)]


def _ttl_coerced() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def duration(provider: Provider, ttl: timedelta | str) -> timedelta:
            try:
                read: timedelta = original(provider, ttl)
            except InvalidRequest:
                fired()
                return timedelta(hours=1)
            return read

        return duration

    return [Patch(gateway("lifetimes"), "duration", make)]


def _field_missing() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def refused(provider: Provider, field: str, why: str) -> InvalidRequest:
            fired()
            return InvalidRequest("the request is not valid", provider=provider)

        return refused

    places = (gateway("lifetimes"), _caches(), module(Provider.ANTHROPIC, "marks"))
    return [Patch(place, "refused", make) for place in places]


# Costs ----------------------------------------------------------------------------------------------------------------


def _double_counts_cached() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def price(provider: Provider, model: str, usage: Usage, *rest: Any) -> Decimal | None:
            if usage.cache_read_tokens:
                fired()
            all_in = usage.uncached_input_tokens + usage.cache_read_tokens
            cost: Decimal | None = original(
                provider, model, usage.model_copy(update={"uncached_input_tokens": all_in}), *rest
            )
            return cost

        return price

    return [Patch(gateway("purse"), "price", make)]


def _anthropic_write_at_base() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def price(provider: Provider, model: str, usage: Usage, *rest: Any) -> Decimal | None:
            if provider is Provider.ANTHROPIC and usage.cache_write_tokens:
                fired()
                usage = usage.model_copy(
                    update={
                        "uncached_input_tokens": usage.uncached_input_tokens + usage.cache_write_tokens,
                        "cache_write_5m_tokens": 0,
                        "cache_write_1h_tokens": 0,
                    }
                )
            cost: Decimal | None = original(provider, model, usage, *rest)
            return cost

        return price

    return [Patch(gateway("purse"), "price", make)]


def _reports_zero_samples() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def report(provider: Provider, model: str, uncached: Any, cached: Any, **rest: Any) -> Any:
            benchmark = gateway("caching_benchmark")
            sides = []
            for side in (uncached, cached):
                if any(sample.failure for sample in side):
                    fired()
                sides.append([benchmark.Sample(sample.seconds, sample.usage) for sample in side])
            return original(provider, model, *sides, **rest)

        return report

    def of_an_arm(original: Any, fired: Fired) -> Any:
        def arm(*given: Any) -> Any:
            made = original(*given)
            if made.figures is not None:
                return made
            fired()
            nothing = {"input_tokens": 0, "output_tokens": 0, "tokens_per_second": 0.0, "cost_usd": Decimal(0)}
            figures = gateway("batching.benchmark").ArmFigures(p50_seconds=0.0, p95_seconds=0.0, **nothing)
            return made.model_copy(update={"figures": figures})

        return arm

    return [
        Patch(gateway("caching_benchmark"), "report", make),
        Patch(gateway("batching.benchmark"), "arm", of_an_arm),
    ]


def _ignores_storage_cost() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def saving(uncached_usd: Decimal, cached_usd: Decimal, storage_usd: Decimal) -> Decimal:
            if storage_usd:
                fired()
            return uncached_usd - cached_usd

        return saving

    return [Patch(gateway("caching_benchmark"), "saving", make)]


def _percentiles_unsorted() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def in_order(times: Sequence[float]) -> list[float]:
            if original(times) != list(times):
                fired()
            return list(times)

        return in_order

    return [Patch(gateway("caching_benchmark"), "in_order", make)]


# Refusals -------------------------------------------------------------------------------------------------------------


def _403_always_permission() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_absence(status: int, message: str) -> bool:
            if original(status, message):
                fired()
            return False

        return is_absence

    return [Patch(module(Provider.GEMINI, "errors"), "is_absence", make)]


def _403_always_not_found() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def kind(status: int, word: str | None, message: str, why: frozenset[str]) -> Any:
            right = original(status, word, message, why)
            if right is PermissionDenied:
                fired()
                return NotFound
            return right

        return kind

    return [Patch(module(Provider.GEMINI, "errors"), "kind", make)]


def _retry_on_404() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def may_repeat(error: BaseException, repeat: Repeat) -> bool:
            if isinstance(error, NotFound):
                fired()
                return True
            return bool(original(error, repeat))

        return may_repeat

    return [Patch(gateway("call"), "may_repeat", make), Patch(gateway("retry"), "may_repeat", make)]


# Conversations --------------------------------------------------------------------------------------------------------


def _resends_document() -> list[Patch]:
    kept: dict[str, Sequence[Message]] = {}

    def remembering(original: Any, fired: Fired) -> Any:
        async def create(self: Any, **asked: Any) -> Any:
            made = await original(self, **asked)
            kept[made.id] = asked.get("messages", ())
            return made

        return create

    def resending(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Question) -> Any:
            cache = question.cache
            if isinstance(cache, CacheReference) and kept.get(cache.cache_id):
                fired()
                question = replace(question, messages=(*kept[cache.cache_id], *question.messages))
            return original(self, question)

        return request

    return [
        Patch(_caches().GeminiCaches, "create", remembering),
        Patch(chat_model(Provider.GEMINI), "request", resending),
    ]


def _breakpoint_not_moved() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def places_of(arguments: dict[str, Any], marks: CacheMarks) -> Any:
            right = original(arguments, marks)
            if len(arguments["messages"]) > 1:
                fired()
            return [0 if isinstance(place, int) else place for place in right]

        return places_of

    return [Patch(module(Provider.ANTHROPIC, "marks"), "places_of", make)]


def _history_lost_with_cache() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Question) -> Any:
            lost = question.messages[:-1] if question.cache is not None else ()
            # a document that stands in front of the question is no history
            if any(message.role == "assistant" for message in lost):
                fired()
                question = replace(question, messages=question.messages[-1:])
            return original(self, question)

        return request

    return [Patch(chat_model(provider), "request", make) for provider in ALL]


CACHING = (
    Sabotage(
        "cache.drops_system_instruction",
        "The instructions are left out of what is kept.",
        GEMINI,
        _drops_system_instruction,
    ),
    Sabotage(
        "cache.list_first_page_only", "A walk through all caches ends after a page.", GEMINI, _list_first_page_only
    ),
    Sabotage(
        "cache.delete_stops_no_billing",
        "Storage goes on costing after the cache was deleted.",
        GEMINI,
        _delete_stops_no_billing,
    ),
    Sabotage(
        "cache.delete_noop_for_others",
        "A deletion is confirmed where there is nothing to delete.",
        (Provider.OPENAI, Provider.ANTHROPIC),
        _delete_noop_for_others,
    ),
    Sabotage(
        "cache.claims_cached", "An answer counts as cached though no token was.", (Provider.ANTHROPIC,), _claims_cached
    ),
    Sabotage("cache.ttl_coerced", "A lifetime that nobody can read becomes a default.", GEMINI, _ttl_coerced),
    Sabotage(
        "errors.field_missing",
        "The gateway's own refusals do not name the field.",
        (Provider.ANTHROPIC, Provider.GEMINI),
        _field_missing,
    ),
    Sabotage("cost.double_counts_cached", "Cached tokens are charged in full as well.", ALL, _double_counts_cached),
    Sabotage(
        "cost.anthropic_write_at_base",
        "Tokens written to the cache are charged like any others.",
        (Provider.ANTHROPIC,),
        _anthropic_write_at_base,
    ),
    Sabotage(
        "bench.reports_zero_samples",
        "A comparison whose calls failed gives figures all the same.",
        ALL,
        _reports_zero_samples,
    ),
    Sabotage("bench.ignores_storage_cost", "The saving leaves storage out.", GEMINI, _ignores_storage_cost),
    Sabotage("bench.p95_below_p50", "Percentiles are taken from an unsorted list.", ALL, _percentiles_unsorted),
    Sabotage(
        "errors.403_always_permission", "Every 403 is called a missing permission.", GEMINI, _403_always_permission
    ),
    Sabotage("errors.403_always_not_found", "Every 403 is called not found.", GEMINI, _403_always_not_found),
    Sabotage("retry.on_404", "What is not there is asked for again.", GEMINI, _retry_on_404),
    Sabotage(
        "cache.resends_document", "The document is sent again beside the cache that has it.", GEMINI, _resends_document
    ),
    Sabotage(
        "cache.breakpoint_not_moved",
        "The mark stays on the first turn of a conversation.",
        (Provider.ANTHROPIC,),
        _breakpoint_not_moved,
    ),
    Sabotage(
        "session.history_lost_with_cache",
        "With a cache only the newest message is sent.",
        ALL,
        _history_lost_with_cache,
    ),
)
