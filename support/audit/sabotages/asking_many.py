"""Sabotages of the many questions that the caller asks itself: how many at once, what failures mean, what is told and kept."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from support.audit.sabotages.places import gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import RequestTimeout, TouchstoneError
from support.gateway.capabilities import ProviderGateway
from support.gateway.retry import was_refused
from support.values import BatchItem, ChatAnswer, Provider, Usage

FREE = Decimal(0)
MANY = 64
"""More at a time than any scenario has questions open."""


def _many(name: str) -> Any:
    """A module of the caller's engine."""
    return gateway(f"batching.{name}")


def _run() -> Any:
    return _many("engine").CallerBatch


def _everywhere(name: str, make: Any) -> list[Patch]:
    """For a function of the groupings, which the package offers too."""
    return [Patch(_many("grouping"), name, make), Patch(gateway("batching"), name, make)]


def empty_answer(provider: Provider, model: str) -> ChatAnswer:
    """An answer in which nothing is."""
    return ChatAnswer(provider=provider, model=model, id="", text="", stop_reason="end", usage=Usage(), raw={})


# How many at once -----------------------------------------------------------------------------------------------------


def _sequential_runs_parallel() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def allowed(concurrency: int) -> int:
            if concurrency != 1:
                return int(original(concurrency))
            fired()
            return 4

        return allowed

    return [Patch(_many("engine"), "allowed", make)]


def _concurrency_unbounded() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def allowed(concurrency: int) -> int:
            fired()
            return MANY

        return allowed

    return [Patch(_many("engine"), "allowed", make)]


def _concurrency_serial() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def allowed(concurrency: int) -> int:
            if concurrency > 1:
                fired()
            return 1

        return allowed

    return [Patch(_many("engine"), "allowed", make)]


def _order_shuffled() -> list[Patch]:
    """One at a time, questions end as they were asked: so that it shows there too, the latest end comes first."""

    def make(original: Any, fired: Fired) -> Any:
        def in_input_order(done: Any) -> tuple[BatchItem, ...]:
            as_ended = tuple(item for _, item in reversed(done))
            if as_ended != original(done):
                fired()
            return as_ended

        return in_input_order

    return [Patch(_many("engine"), "in_input_order", make)]


def _cross_wired() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def in_input_order(done: Any) -> tuple[BatchItem, ...]:
            items: tuple[BatchItem, ...] = original(done)
            if len(items) < 2:
                return items
            fired()
            first, second, *others = items
            swapped = [
                second.model_copy(update={"id": first.id}),
                first.model_copy(update={"id": second.id}),
            ]
            return (*swapped, *others)

        return in_input_order

    return [Patch(_many("engine"), "in_input_order", make)]


# Failures -------------------------------------------------------------------------------------------------------------


def _stops_at_first_error() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def after(error: Any) -> Any:
            right, wrong = original(error), _many("engine").After.BEGIN_NOTHING
            if right is not wrong:
                fired()
            return wrong

        return after

    return [Patch(_many("engine"), "after", make)]


def _cancel_siblings_on_error() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def end(self: Any, place: int, item: BatchItem) -> None:
            original(self, place, item)
            if item.error is not None:
                fired()
                self._stop("cancelled")

        return end

    return [Patch(_run(), "_end", make)]


def _error_as_empty_result() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def ask(self: Any, messages: Any, *, model: str, **asked: Any) -> ChatAnswer:
            try:
                answer: ChatAnswer = await original(self, messages, model=model, **asked)
            except TouchstoneError as error:
                if not was_refused(error):
                    raise
                fired()
                return empty_answer(self.provider, model)
            return answer

        return ask

    return [Patch(gateway("chat").ChatModel, "ask", make)]


def _doubled_with_sdk() -> list[Patch]:
    """Each SDK has its own word for it; google-genai makes its repeater with the client."""

    def repeating(original: Any, fired: Fired) -> Any:
        def init(self: ProviderGateway, *given: Any) -> None:
            original(self, *given)
            fired()
            self._client.max_retries = 2  # type: ignore[attr-defined]

        return init

    def connecting(original: Any, fired: Fired) -> Any:
        def connect(*given: Any) -> Any:
            from google.genai import _api_client as sdk
            from google.genai.types import HttpRetryOptions
            from tenacity import AsyncRetrying

            client = original(*given)
            fired()
            client._api_client._async_retry = AsyncRetrying(**sdk.retry_args(HttpRetryOptions(attempts=3)))
            return client

        return connect

    return [
        Patch(module(Provider.OPENAI, "gateway").OpenAIGateway, "__init__", repeating),
        Patch(module(Provider.ANTHROPIC, "gateway").AnthropicGateway, "__init__", repeating),
        Patch(module(Provider.GEMINI, "gateway"), "connect", connecting),
    ]


def _pauses_everyone() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def of(self: Any, provider: Provider) -> Any:
            limiter = original(self, provider)
            first = next(iter(self._made.values()))
            if limiter.pause is not first.pause:
                fired()
                limiter.pause = first.pause
            return limiter

        return of

    return [Patch(_many("limiters").Limiters, "of", make)]


# Time -----------------------------------------------------------------------------------------------------------------


def _never() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def time_limit(item_timeout: Any) -> None:
            if original(item_timeout) is not None:
                fired()

        return time_limit

    return [Patch(_many("engine"), "time_limit", make)]


def _kills_batch() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def end(self: Any, place: int, item: BatchItem) -> None:
            original(self, place, item)
            if item.status == "timeout":
                fired()
                self._stop("deadline")

        return end

    return [Patch(_run(), "_end", make)]


def _siblings_lost() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def settle(self: Any) -> None:
            if self._stopped == "deadline":
                for number, (place, item) in enumerate(self._done):
                    if item.status == "succeeded":
                        fired()
                        late = RequestTimeout("the deadline passed")
                        lost = {"status": "timeout", "answer": None, "usage": None, "cost_usd": FREE, "error": late}
                        self._done[number] = (place, item.model_copy(update=lost))
            original(self)

        return settle

    return [Patch(_run(), "_settle", make)]


def _limit_not_enforced() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def wait(self: Any, now: datetime) -> float:
            if original(self, now) > 0:
                fired()
            return 0.0

        return wait

    return [Patch(_many("limiters").Rate, "_wait", make)]


def _limits_shared() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def of(self: Any, provider: Provider) -> Any:
            if self._made and provider not in self._made:
                fired()
                return next(iter(self._made.values()))
            return original(self, provider)

        return of

    return [Patch(_many("limiters").Limiters, "of", make)]


# Groups ---------------------------------------------------------------------------------------------------------------


def _group_over_budget() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def fits(filled: int, size: int, budget: int) -> bool:
            wrong = filled < budget
            if wrong and not original(filled, size, budget):
                fired()
            return wrong

        return fits

    return [Patch(_many("grouping"), "fits", make)]


def _group_loses_item() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def closed(filling: Any, *given: Any) -> Any:
            if len(filling) > 1:
                fired()
                return original(filling[:-1], *given)
            return original(filling, *given)

        return closed

    return [Patch(_many("grouping"), "closed", make)]


def _mixed_models() -> list[Patch]:
    """The gateway's own check of a file's models is off as well: else nothing would come of it but a refusal."""

    def grouping(original: Any, fired: Fired) -> Any:
        def by_model(requests: Any) -> Any:
            given = list(requests)
            if len(original(given)) > 1:
                fired()
            return [tuple(given)]

        return by_model

    def unchecked(original: Any, fired: Fired) -> Any:
        def check_models(*given: Any) -> None:
            return None

        return check_models

    return [*_everywhere("by_model", grouping), Patch(gateway("batch_checks"), "check_models", unchecked)]


def _custom_grouper_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def grouped(requests: Any, grouper: Any) -> Any:
            fired()
            return [tuple(requests)]

        return grouped

    return _everywhere("grouped", make)


def _split_loses_last() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def by_number(requests: Any, most: int) -> Any:
            given = list(requests)
            if len(given) > most:
                fired()
                given.pop()
            return original(given, most)

        return by_number

    return _everywhere("by_number", make)


OPENAI = (Provider.OPENAI,)
WITH_A_NUMBER = (Provider.OPENAI, Provider.ANTHROPIC)
"""Gemini sets no limit to the number of requests in a batch."""

ASKING_MANY = (
    Sabotage("batch.sequential_runs_parallel", "One at a time means four at a time.", ALL, _sequential_runs_parallel),
    Sabotage(
        "batch.order_shuffled", "Results come in the order of their ends, the latest first.", ALL, _order_shuffled
    ),
    Sabotage("batch.stops_at_first_error", "After a failure nothing more is sent.", ALL, _stops_at_first_error),
    Sabotage("batch.concurrency_unbounded", "All are asked at once, whatever the limit.", ALL, _concurrency_unbounded),
    Sabotage("batch.concurrency_serial", "Several at a time means one at a time.", ALL, _concurrency_serial),
    Sabotage("batch.cross_wired", "Two results have each other's id.", ALL, _cross_wired),
    Sabotage("batch.cancel_siblings_on_error", "One failure cancels the rest.", ALL, _cancel_siblings_on_error),
    Sabotage("batch.split_loses_last", "Splitting drops the last request.", WITH_A_NUMBER, _split_loses_last),
    Sabotage(
        "retry.doubled_with_sdk", "The SDK repeats inside each of the gateway's attempts.", ALL, _doubled_with_sdk
    ),
    Sabotage(
        "retry.error_as_empty_result", "After the last attempt comes an empty answer.", ALL, _error_as_empty_result
    ),
    Sabotage("retry.pauses_everyone", "A wait for one provider holds up the others.", ALL, _pauses_everyone),
    Sabotage("batch.group_over_budget", "A group takes one more than fits.", ALL, _group_over_budget),
    Sabotage("batch.group_loses_item", "The last one of a group is lost.", ALL, _group_loses_item),
    Sabotage("batch.mixed_models_one_file", "Two models share an input file.", OPENAI, _mixed_models),
    Sabotage("batch.custom_grouper_ignored", "The caller's own grouping is not used.", ALL, _custom_grouper_ignored),
    Sabotage("timeout.never", "A request may take for ever.", ALL, _never),
    Sabotage("timeout.kills_batch", "One timeout fails every request.", ALL, _kills_batch),
    Sabotage("timeout.siblings_lost", "What was finished before the deadline is dropped.", ALL, _siblings_lost),
    Sabotage("limits.shared_between_providers", "All providers have one limiter.", ALL, _limits_shared),
    Sabotage("limits.not_enforced", "Nobody waits for the next minute.", ALL, _limit_not_enforced),
)
