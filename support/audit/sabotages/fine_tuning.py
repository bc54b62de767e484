"""Sabotages of training data, of jobs of training, and of what they cost and make."""

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from support.audit.sabotages.places import gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import PermissionDenied
from support.gateway.capabilities import Capability, ProviderGateway
from support.values import Deletion, Provider, TuningOptions

OPENAI = (Provider.OPENAI,)
OTHERS = (Provider.ANTHROPIC, Provider.GEMINI)


def _jobs() -> Any:
    return module(Provider.OPENAI, "fine_tuning")


def _service() -> Any:
    return _jobs().OpenAIFineTuning


# Training data --------------------------------------------------------------------------------------------------------


def _tokens_guessed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def counted(tokens: Any, training: Any, model: str) -> Any:
            right = await original(tokens, training, model)
            guess = module(Provider.OPENAI, "training_tokens").lines_and_bytes(Path(training.path))[1] // 4
            if guess != right.tokens:
                fired()
            return right._replace(tokens=guess)

        return counted

    return [Patch(module(Provider.OPENAI, "training_tokens"), "counted", make)]


def _drops_last() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def to_write(examples: Iterable[Any]) -> Iterable[Any]:
            fired()
            return (one for one, _ in pairwise(original(examples)))

        return to_write

    return [Patch(gateway("training_data"), "to_write", make)]


def _ascii_lossy() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def encoded(line: dict[str, Any], index: int = 0) -> bytes:
            whole = to_json(line)
            lossy = whole.decode().encode("ascii", "replace")
            if lossy != whole:
                fired()
            return lossy

        return encoded

    return [Patch(gateway("training_data"), "encoded", make)]


def _split_overlaps() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def split(examples: Any, share: float, seed: int) -> Any:
            first, second = original(examples, share, seed)
            fired()
            return first, (first[0], *second[1:])

        return split

    return [Patch(gateway("training_data"), "split", make)]


def _legacy_format() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def line_of(example: Any) -> dict[str, Any]:
            fired()
            return {"prompt": example.messages[0].text, "completion": example.messages[-1].text}

        return line_of

    return [Patch(gateway("training_data"), "line_of", make)]


def _first_error_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def may_go_on(faults: Any) -> bool:
            if faults:
                fired()
            return not faults

        return may_go_on

    return [Patch(gateway("training_data"), "may_go_on", make)]


def _wrong_line() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def line_number(number: int) -> int:
            fired()
            return int(original(number)) - 1

        return line_number

    return [Patch(gateway("training_data"), "line_number", make)]


def _accepts_legacy() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def fault_of(example: Any, method: Any) -> Any:
            if isinstance(example, Mapping) and "prompt" in example and "completion" in example:
                fired()
                return None
            return original(example, method)

        return fault_of

    return [Patch(gateway("training_forms"), "fault_of", make)]


def _min_off_by_one() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def least_examples() -> int:
            fired()
            return int(original()) - 1

        return least_examples

    return [Patch(gateway("training_data"), "least_examples", make)]


def _validation_skipped() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_checked(validate: bool) -> bool:
            if validate:
                fired()
            return False

        return is_checked

    return [Patch(_jobs(), "is_checked", make)]


# Jobs -----------------------------------------------------------------------------------------------------------------


def _unsupported_sends() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        class Tuning:
            def __init__(self, owner: Any) -> None:
                self.owner = owner

            async def create(self, training: Any, **given: Any) -> Any:
                fired()
                await anext(aiter(self.owner.models.list()))
                return original(self.owner, Capability.FINE_TUNING)

        def offered(self: Any, capability: Capability) -> Any:
            wanted = capability is Capability.FINE_TUNING and self.provider is not Provider.OPENAI
            return Tuning(self) if wanted else original(self, capability)

        return offered

    return [Patch(ProviderGateway, "_offered", make)]


def _cancel_reports_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def cancel(self: Any, job_id: str) -> Any:
            job = await self.get(job_id)
            if job.ended:
                return await original(self, job_id)
            fired()
            return job.model_copy(update={"status": "cancelled"})

        return cancel

    return [Patch(_service(), "cancel", make)]


def _cancelled_billed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def billed_tokens(job: Any) -> Any:
            if job.status == "succeeded":
                return original(job)
            fired()
            return 10_000

        return billed_tokens

    return [Patch(module(Provider.OPENAI, "tuning_ends"), "billed_tokens", make)]


def _first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> None:
            if original(page) is not None:
                fired()

        return following

    return [Patch(module(Provider.OPENAI, "tuning_pages"), "following", make)]


def _events_duplicated() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def not_told(events: Any, told: set[str]) -> list[Any]:
            if any(event.id in told for event in events):
                fired()
            return list(events)

        return not_told

    return [Patch(module(Provider.OPENAI, "tuning_pages"), "not_told", make)]


def _events_order() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def in_order(events: Any) -> Any:
            if len(events) > 1:
                fired()
            return events

        return in_order

    return [Patch(module(Provider.OPENAI, "tuning_pages"), "in_order", make)]


def _failed_as_success() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def has_failed(job: Any) -> bool:
            if original(job):
                fired()
            return False

        return has_failed

    return [Patch(module(Provider.OPENAI, "tuning_ends"), "has_failed", make)]


def _wait_returns_early() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_done(job: Any) -> bool:
            if job.status == "running":
                fired()
                return True
            return bool(original(job))

        return is_done

    return [Patch(module(Provider.OPENAI, "tuning_ends"), "is_done", make)]


def _options_top_level() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def options_to_send(options: Any, marker: Any) -> dict[str, Any]:
            sent = original(options, marker)
            fired()
            method = sent.pop("method")
            return {**sent, "hyperparameters": method[method["type"]]["hyperparameters"]}

        return options_to_send

    return [Patch(_jobs(), "options_to_send", make)]


RANGES = {"n_epochs": (1, 50), "batch_size": (1, 256), "learning_rate_multiplier": (0.01, 10.0)}


def _options_clamped() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def create(self: Any, training: Any, *, options: TuningOptions | None = None, **given: Any) -> Any:
            changes: dict[str, Any] = {}
            for name, (low, high) in RANGES.items():
                value = getattr(options, name, None)
                if value is not None and not low <= value <= high:
                    changes[name] = min(max(value, low), high)
            if options is not None and changes:
                fired()
                options = options.model_copy(update=changes)
            return await original(self, training, options=options, **given)

        return create

    return [Patch(_service(), "create", make)]


# Costs and models -----------------------------------------------------------------------------------------------------


def _epochs_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def epochs_of(options: Any, examples: int) -> tuple[int, int]:
            if original(options, examples) != (1, 1):
                fired()
            return 1, 1

        return epochs_of

    return [Patch(gateway("fine_tuning"), "epochs_of", make)]


def _unknown_price_zero() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def training_price(model: str, options: Any) -> Decimal:
            known = original(model, options)
            if known is None:
                fired()
                return Decimal(0)
            return Decimal(known)

        return training_price

    def make_of_tokens(original: Any, fired: Fired) -> Any:
        def price(*asked: Any) -> Decimal:
            known = original(*asked)
            if known is None:
                fired()
                return Decimal(0)
            return Decimal(known)

        return price

    return [
        Patch(gateway("fine_tuning"), "training_price", make),
        Patch(gateway("several.comparing"), "price", make_of_tokens),
    ]


def _budget_after() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def create(self: Any, training: Any, **given: Any) -> Any:
            fired()
            if not isinstance(training, str):
                training = (await self._files.upload(training, purpose="fine-tune")).id
            return await original(self, training, **given)

        return create

    return [Patch(_service(), "create", make)]


def _falls_back_to_base() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def request(self: Any, question: Any) -> Any:
            if question.model.startswith("ft:"):
                fired()
                question = dataclasses.replace(question, model=question.model.split(":")[1])
            return original(self, question)

        return request

    return [Patch(module(Provider.OPENAI, "chat").OpenAIChat, "request", make)]


def _at_base_price() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def price(provider: Provider, model: str, *rest: Any, **more: Any) -> Any:
            if model.startswith("ft:"):
                fired()
                model = model.split(":")[1]
            return original(provider, model, *rest, **more)

        return price

    return [Patch(gateway("purse"), "price", make)]


def _permission_as_success() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def delete_model(self: Any, model: str) -> Deletion:
            try:
                deletion: Deletion = await original(self, model)
            except PermissionDenied:
                fired()
                return Deletion(provider=Provider.OPENAI, id=model)
            return deletion

        return delete_model

    return [Patch(_service(), "delete_model", make)]


FINE_TUNING = (
    Sabotage("ft.tokens_guessed", "Four bytes of training data count as a token.", OPENAI, _tokens_guessed),
    Sabotage("ft.prepare_drops_last", "The last example is not written.", OPENAI, _drops_last),
    Sabotage("ft.prepare_ascii_lossy", "What is not ASCII becomes a question mark.", OPENAI, _ascii_lossy),
    Sabotage("ft.split_overlaps", "An example is in both parts.", OPENAI, _split_overlaps),
    Sabotage("ft.legacy_format", "Examples are written in the form of former years.", OPENAI, _legacy_format),
    Sabotage("ft.validate_first_error_only", "Only the first bad line is told.", OPENAI, _first_error_only),
    Sabotage("ft.validate_wrong_line", "Lines are counted from 0.", OPENAI, _wrong_line),
    Sabotage("ft.validate_accepts_legacy", "Lines in the form of former years pass.", OPENAI, _accepts_legacy),
    Sabotage("ft.min_examples_off_by_one", "Nine examples are enough for the gateway.", OPENAI, _min_off_by_one),
    Sabotage("ft.validation_skipped_by_default", "Training data is sent unchecked.", OPENAI, _validation_skipped),
    Sabotage("ft.unsupported_sends_request", "A provider that trains nothing is asked.", OTHERS, _unsupported_sends),
    Sabotage("ft.cancel_reports_only", "A job is told as cancelled and goes on.", OPENAI, _cancel_reports_only),
    Sabotage("ft.cancelled_billed", "A job that did not succeed is paid for.", OPENAI, _cancelled_billed),
    Sabotage("ft.list_first_page_only", "Only the first page of jobs is read.", OPENAI, _first_page_only),
    Sabotage("ft.events_duplicated", "Each look tells the whole log again.", OPENAI, _events_duplicated),
    Sabotage("ft.events_order", "The log is followed newest first.", OPENAI, _events_order),
    Sabotage("ft.failed_as_success", "A failed job is told as a success.", OPENAI, _failed_as_success),
    Sabotage("ft.wait_returns_early", "Waiting ends while the job is training.", OPENAI, _wait_returns_early),
    Sabotage("ft.options_top_level", "Options go out in the form of former years.", OPENAI, _options_top_level),
    Sabotage("ft.options_clamped", "Options out of their range are changed into it.", OPENAI, _options_clamped),
    Sabotage("cost.ft_epochs_ignored", "An estimate counts one epoch.", OPENAI, _epochs_ignored),
    Sabotage("cost.unknown_price_zero", "What has no known price is free.", ALL, _unknown_price_zero),
    Sabotage("cost.budget_checked_after", "The budget is asked once the data was sent.", OPENAI, _budget_after),
    Sabotage("ft.falls_back_to_base", "The base answers for the trained model.", OPENAI, _falls_back_to_base),
    Sabotage("cost.ft_model_at_base_price", "A trained model is paid like its base.", OPENAI, _at_base_price),
    Sabotage("ft.delete_permission_as_success", "A refused deletion is told as done.", OPENAI, _permission_as_success),
)
