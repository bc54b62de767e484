"""Runs on Responses: each is a chain of responses in the background, and the gateway keeps which ones (provider-facts 4.5)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import openai

from support.catalogue.limits import assistant_limits
from support.errors import NotFound, TouchstoneError
from support.gateway import runs as shared
from support.gateway.assistant_checks import check_choice
from support.gateway.call import Bill, ChokePoint, Creation, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.markers import Marker
from support.gateway.openai.responses import items, reading, refusals, requests, streaming
from support.gateway.openai.responses.items import Item
from support.gateway.openai.responses.kept import Frozen, KeptResponse, KeptRun, KeptStore, containers_of, new_id
from support.gateway.openai.responses.reading import Answer
from support.gateway.retry import Repeat
from support.gateway.runs import Bills, Known, RunKeeper, RunOrder, RunPiece
from support.values import ENDED, Provider, Run, RunStatus, RunStep, ToolOutput

R = TypeVar("R")

LOCKED = "conversation_locked"
"""The code of a refusal: a response is under way in the conversation."""


@dataclass(slots=True)
class Attempt:
    """One response that is to be made, over all attempts at it."""

    thread_id: str
    request: dict[str, Any]
    outputs: tuple[ToolOutput, ...] = ()
    began_after: Callable[[Item], bool] = items.is_asked
    """Tells the item after which its answer stands."""
    unclear: bool = False
    """Whether an attempt before may have taken effect."""
    after: str | None = None
    """The item after which its answer stands, once it was looked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """A response that was made."""

    response: KeptResponse
    answer: Answer
    """What it said so far; where its id never came, in the words of a response."""


class ResponseRuns(RunKeeper):
    """`/v1/responses`, in conversations."""

    provider = Provider.OPENAI

    def __init__(
        self, choke: ChokePoint, known: Known, client: openai.AsyncOpenAI, kept: KeptStore, by_hand: Set[str]
    ) -> None:
        """`by_hand`: the messages of an assistant's that no response wrote, as far as this scenario saw them."""
        super().__init__(choke)
        self._known = known
        self._client = client
        self._kept = kept
        self._bills = Bills()
        self._by_hand = by_hand

    async def _call(self, operation: Operation, send: Callable[[], Awaitable[R]], about: str, **more: Any) -> R:
        translate = refusals.translate_of_create if operation.name == "runs.create" else refusals.translate

        def translated(error: Exception) -> TouchstoneError:
            return naming(translate(error), about)

        return await self._choke.call(operation, send, translated, **more)

    # Beginning -------------------------------------------------------------------------------------------------------

    async def _begin(self, order: RunOrder) -> Run:
        frozen = self._frozen(order)
        await self._end_overdue(order.thread_id)
        marker = Marker.fresh(self._choke.account.run_id)
        request = requests.request(frozen, order.thread_id, order.assistant_id, marker)
        made = await self._make(
            "runs.create", Attempt(order.thread_id, request), frozen, order, marker, about=order.thread_id
        )
        return await self._keep_new(order, frozen, made)

    def _frozen(self, order: RunOrder) -> Frozen:
        kept = self._kept.assistant(order.assistant_id)
        if kept is None:
            raise refusals.not_kept("assistant", order.assistant_id)
        check_choice(self.provider, order.tool_choice, kept.said.tools)
        return requests.frozen(order, kept.said)

    async def _end_overdue(self, thread_id: str) -> None:
        """A run past its deadline that nobody looked at since would bar the thread."""
        unended = [run for run in self._kept.runs_of(thread_id) if run.ended is None]
        now = await self._choke.clock.now() if unended else None
        for run in unended:
            if now is not None and now >= run.expires_at:
                with suppress(NotFound):  # its response was deleted: it bars nothing
                    await self.get(thread_id, run.id)

    async def _make(
        self, name: str, attempt: Attempt, frozen: Frozen, order: RunOrder, marker: Marker, about: str
    ) -> Made:
        """One response: one call, that looks for its answer before it is repeated."""
        limit = shared.bound(self._known, order, frozen.model, frozen.instructions, frozen.tools)
        operation = Operation(
            self.provider,
            name,
            Repeat.IF_ABSENT,
            model=frozen.model,
            bound=limit,
            creates=Creation("response", marker),
        )

        def billed(made: Made, bill: Bill) -> None:
            if made.response.id is not None:  # without an id nobody will ever tell the cost: it stays reserved
                self._bills.begun(made.response.id, bill)

        return await self._call(
            operation,
            lambda: self._send(attempt),
            about,
            id_of=lambda made: cast(str, made.response.id),  # None leaves the entry as it is: made, and without an id
            find=lambda: self._find(attempt),
            billed=billed,
        )

    async def _send(self, attempt: Attempt) -> Made:
        try:
            await self._client.responses.create(**attempt.request)
        except openai.APIStatusError as error:
            if not (attempt.unclear and error.code == LOCKED) or await self._others_at_work(attempt.thread_id):
                raise
            # It was looked for and had not answered: what bars the conversation now is the first attempt itself.
            lost = KeptResponse(id=None, after=attempt.after, outputs=attempt.outputs)
            return Made(lost, told_by([], None, attempt.request))
        answer = answer_on_the_wire()
        return Made(KeptResponse(id=answer["id"], outputs=attempt.outputs), answer)

    async def _find(self, attempt: Attempt) -> Made | None:
        """After an unclear end: responses cannot be listed, but what one said stands in the conversation."""
        attempt.unclear = True

        async def look() -> tuple[list[Item], bool]:
            attempt.after, window = await items.since(self._client, attempt.thread_id, attempt.began_after)
            others = await self._written_by_others(attempt.thread_id)
            ours = {output.call_id for output in attempt.outputs}
            given = any(item["type"] == "function_call_output" and item["call_id"] in ours for item in window)
            return items.answered_in(window, others), given

        operation = Operation(self.provider, "runs.find", Repeat.ALWAYS)
        own, given = await self._call(operation, look, attempt.thread_id)
        if not own and not given:
            return None
        lost = KeptResponse(id=None, after=attempt.after, outputs=attempt.outputs)
        return Made(lost, told_by(own, "completed" if own else None, attempt.request))

    async def _others_at_work(self, thread_id: str) -> bool:
        """Whether a run that is kept bars the conversation."""
        for run in self._kept.runs_of(thread_id):
            if run.ended is None and run.last.wrote is None and not has_answered(await self._answer(run)):
                return True
        return False

    async def _written_by_others(self, thread_id: str, without: str | None = None) -> set[str]:
        """The items of the thread whose author is known: a run's, or a caller's."""
        known = set(self._by_hand)
        for run in self._kept.runs_of(thread_id):
            if run.id == without:
                continue
            for number, response in enumerate(run.responses):
                if response.wrote is not None:
                    known.update(response.wrote)
                elif response.id is not None and number == len(run.responses) - 1:
                    with suppress(openai.NotFoundError):  # deleted since
                        known.update(item["id"] for item in (await self._retrieved(response.id))["output"])
        return known

    async def _keep_new(self, order: RunOrder, frozen: Frozen, made: Made) -> Run:
        created = made.answer.get("created_at")
        created_at = await self._choke.clock.now() if created is None else reading.moment(created)
        kept = new_run(order, frozen, made.response, created_at)
        self._kept.add_run(kept)
        return self._told(kept, made.answer)

    # Looking ---------------------------------------------------------------------------------------------------------

    async def get(self, thread_id: str, run_id: str) -> Run:
        async def send() -> Run:
            kept = self._run(thread_id, run_id)
            return await self._judged(kept, await self._answer(kept))

        return await self._call(Operation(self.provider, "runs.get", Repeat.ALWAYS), send, run_id)

    def _run(self, thread_id: str, run_id: str) -> KeptRun:
        kept = self._kept.run(thread_id, run_id)
        if kept is None:
            raise refusals.not_kept("run", run_id)
        return kept

    async def _answer(self, kept: KeptRun, number: int = -1) -> Answer:
        """What a response of a run says, the last one unless another is named; one without an id by what it left."""
        response = kept.responses[number]
        if response.id is not None:
            return await self._retrieved(response.id)
        _, window = await items.since(self._client, kept.thread_id, lambda item: item["id"] == response.after)
        if response.wrote is None:
            own = items.answered_in(window, await self._written_by_others(kept.thread_id, without=kept.id))
        else:
            own = [item for item in window if item["id"] in response.wrote]
        return told_by(own, "completed" if own else None, {"instructions": requests.instructions_to_send(kept.order)})

    async def _retrieved(self, response_id: str) -> Answer:
        await self._client.responses.retrieve(response_id, include=cast(Any, list(requests.INCLUDED)))
        return cast(Answer, answer_on_the_wire())

    async def _judged(self, kept: KeptRun, answer: Answer) -> Run:
        """The run as its last response and the deadline, which is the gateway's own, have it."""
        kept = self._noted(kept, answer)
        status = kept.ended or reading.status_of(answer)
        if status not in ENDED and await self._choke.clock.now() >= kept.expires_at:
            kept, answer, status = await self._past_deadline(kept, answer, status)
        if status == "incomplete" and kept.ended is None:
            await self._free(kept.thread_id, answer["output"])  # a call that was cut short will never get an output
        kept = self._changed(kept, waits=status == "requires_action", ended=status if status in ENDED else None)
        return reading.run_of(kept, answer, status)

    def _told(self, kept: KeptRun, answer: Answer) -> Run:
        """The run right after a request of its own: nothing more is asked for."""
        kept = self._noted(kept, answer)
        status = reading.status_of(answer)
        done = status in ENDED and not items.dangling(answer["output"])  # what bars the thread is left to the next look
        kept = self._changed(kept, waits=status == "requires_action", ended=status if done else None)
        return reading.run_of(kept, answer, status)

    def _changed(self, kept: KeptRun, *, waits: bool, ended: RunStatus | None) -> KeptRun:
        """Keeps how the run is; what another process did to it since stands."""

        def change(now: KeptRun) -> KeptRun:
            if now.ended is not None or len(now.responses) != len(kept.responses):
                return now
            return now.model_copy(update={"waits": waits, "ended": ended})

        if (kept.waits, kept.ended) == (waits, ended):
            return kept
        return self._kept.change_run(kept.id, change) or change(kept)

    def _noted(self, kept: KeptRun, answer: Answer) -> KeptRun:
        """Keeps what the last response wrote and took, once it has ended; adopts what it made, and pays for it."""
        if not has_answered(answer):
            return kept
        output = answer["output"]
        if kept.last.wrote is None:
            used = reading.containers_in(output)
            known = containers_of(self._kept.runs_of(kept.thread_id)) if used else frozenset()
            made = tuple(id_ for id_ in used if id_ not in known)
            seen = {
                "wrote": tuple(item["id"] for item in output),
                "usage": reading.usage_of(answer),
                "containers": made,
            }
            number = len(kept.responses) - 1

            def change(now: KeptRun) -> KeptRun:
                return now.with_response(number, **seen)

            self._kept.change_run(kept.id, change)
            kept = change(kept)
            for container in made:
                self._choke.adopt(self.provider, "container", container)
            self._grew(kept)
        last = kept.last
        if last.id is not None and self._bills.is_open(last.id):
            self._bills.ended(last.id, last.usage, reading.fees_of(output, len(last.containers)))
        return kept

    def _grew(self, kept: KeptRun) -> None:
        """What was answered stands in the thread, and what was read for it may."""
        usage, sizes = kept.last.usage, self._known.thread_bytes
        if usage is not None and kept.thread_id in sizes:
            read = usage.input_tokens + usage.output_tokens
            sizes[kept.thread_id] = max(sizes[kept.thread_id] + usage.output_tokens, read)

    # The deadline ----------------------------------------------------------------------------------------------------

    async def _past_deadline(
        self, kept: KeptRun, answer: Answer, status: RunStatus
    ) -> tuple[KeptRun, Answer, RunStatus]:
        """Ends it: what is under way is cancelled, what waits is taken out of the thread."""
        if status != "requires_action" and kept.last.id is not None:
            answer = await self._cancelled(kept.last.id)
            kept, status = self._noted(kept, answer), reading.status_of(answer)
        if status in ENDED and status != "cancelled":
            return kept, answer, status  # it was faster
        await self._free(kept.thread_id, answer["output"])
        return kept, answer, "expired"

    async def _cancelled(self, response_id: str) -> Answer:
        """The response after the attempt to cancel it; a provider that refuses to is asked how it is."""
        try:
            await self._client.responses.cancel(response_id)
        except openai.BadRequestError:
            return await self._retrieved(response_id)
        return cast(Answer, answer_on_the_wire())

    async def _free(self, thread_id: str, output: Sequence[Item]) -> None:
        """Takes calls that will get no output out of a conversation, which takes no new response while they stand there."""
        for item_id in items.dangling(output):
            try:
                await self._client.conversations.items.delete(item_id, conversation_id=thread_id)
            except openai.NotFoundError:
                continue  # an attempt before this one did it

    # Ending and going on ---------------------------------------------------------------------------------------------

    async def cancel(self, thread_id: str, run_id: str) -> Run:
        async def send() -> Run:
            kept = self._run(thread_id, run_id)
            if kept.ended is not None:
                raise refuse_cancel(kept.ended)
            answer = await self._answer(kept) if kept.last.id is None else await self._cancelled(kept.last.id)
            run = await self._judged(kept, answer)
            if run.status == "cancelled":
                return run
            if run.status in ("queued", "in_progress"):
                raise refusals.wrong_state(f"The run {run_id} cannot be cancelled: the id of its response never came.")
            if run.status != "requires_action":
                raise refuse_cancel(run.status)
            await self._free(thread_id, answer["output"])
            ended = self._changed(self._run(thread_id, run_id), waits=False, ended="cancelled")
            return reading.run_of(ended, answer, "cancelled")

        return await self._call(Operation(self.provider, "runs.cancel", Repeat.ALWAYS), send, run_id)

    async def submit(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> Run:
        seen = await self.get(thread_id, run_id)
        if seen.status != "requires_action":
            raise refusals.wrong_state(f'Runs in status "{seen.status}" do not accept tool outputs.')
        kept = self._run(thread_id, run_id)
        frozen, marker = kept.order, Marker.fresh(self._choke.account.run_id)
        order = RunOrder(thread_id, kept.assistant_id, max_output_tokens=frozen.output_limit)
        request = requests.following_request(frozen, thread_id, kept.assistant_id, marker, outputs)
        called = (kept.last.wrote or ("",))[-1]
        attempt = Attempt(thread_id, request, tuple(outputs), lambda item: item["id"] == called)
        if thread_id in self._known.thread_bytes:
            self._known.grew(thread_id, sum(len(output.output.encode()) + 8 for output in outputs))
        made = await self._make("runs.submit", attempt, frozen, order, marker, about=run_id)

        def follow(now: KeptRun) -> KeptRun:
            return now.model_copy(update={"responses": (*now.responses, made.response), "waits": False})

        return self._told(self._kept.change_run(run_id, follow) or follow(kept), made.answer)

    # What it did -----------------------------------------------------------------------------------------------------

    async def steps(self, thread_id: str, run_id: str) -> tuple[RunStep, ...]:
        async def send() -> tuple[RunStep, ...]:
            kept = self._run(thread_id, run_id)
            given = {output.call_id: output.output for response in kept.responses for output in response.outputs}
            found: list[RunStep] = []
            for number in range(len(kept.responses)):
                answer = await self._answer(kept, number)
                found += reading.steps_of(run_id, answer["output"], given, kept.ended)
            return tuple(found)

        return await self._call(Operation(self.provider, "runs.steps", Repeat.ALWAYS), send, run_id)

    async def written(self, thread_id: str, run_id: str) -> frozenset[str]:
        """Ids of all that a run wrote so far, within the call under way."""
        kept = self._run(thread_id, run_id)
        found: set[str] = set()
        for number, response in enumerate(kept.responses):
            if response.wrote is not None:
                found.update(response.wrote)
            else:
                answer = await self._answer(kept, number)
                found.update(item["id"] for item in answer["output"])
        return frozenset(found)

    # Streaming -------------------------------------------------------------------------------------------------------

    async def _begin_stream(self, order: RunOrder) -> AsyncIterator[RunPiece]:
        frozen = self._frozen(order)
        await self._end_overdue(order.thread_id)
        marker = Marker.fresh(self._choke.account.run_id)
        request = requests.request(frozen, order.thread_id, order.assistant_id, marker)
        limit = shared.bound(self._known, order, frozen.model, frozen.instructions, frozen.tools)
        operation = Operation(self.provider, "runs.create", Repeat.IF_REFUSED, model=frozen.model, bound=limit)
        listening = Listening(order, frozen)

        def translated(error: Exception) -> TouchstoneError:
            return naming(refusals.translate_of_create(error), order.thread_id)

        pieces = self._choke.stream(
            operation,
            lambda: streaming.pieces(self._client, request, lambda answer: self._heard(listening, answer)),
            translated,
            usage_of=lambda piece: piece.usage,
            billed=lambda bill: self._heard_out(listening, bill),
        )
        async for piece in pieces:
            yield RunPiece(piece.event, piece.run)

    def _heard(self, listening: "Listening", answer: Answer) -> Run:
        """The run as a response in its stream has it; the first one tells the id, under which it is kept and journalled."""
        if listening.kept is None:
            self._choke.adopt(self.provider, "response", answer["id"])
            created_at = reading.moment(answer["created_at"])
            listening.kept = new_run(listening.order, listening.frozen, KeptResponse(id=answer["id"]), created_at)
            self._kept.add_run(listening.kept)
        run = self._told(listening.kept, answer)
        listening.kept = self._kept.run(run.thread_id, run.id) or listening.kept
        listening.answer = answer
        return run

    def _heard_out(self, listening: "Listening", bill: Bill) -> None:
        """The stream has ended, and its response with it."""
        if listening.kept is not None and listening.answer is not None:
            self._bills.begun(listening.answer["id"], bill)
            self._noted(listening.kept, listening.answer)


@dataclass(slots=True)
class Listening:
    """A run whose stream is read."""

    order: RunOrder
    frozen: Frozen
    kept: KeptRun | None = None
    answer: Answer | None = None
    """Its response as it was last told."""


def new_run(order: RunOrder, frozen: Frozen, response: KeptResponse, created_at: datetime) -> KeptRun:
    """A run that has just begun; its deadline is the older API's (provider-facts 4.3)."""
    lasts = timedelta(seconds=assistant_limits(Provider.OPENAI).run_seconds)
    return KeptRun(
        id=new_id("run"),
        thread_id=order.thread_id,
        assistant_id=order.assistant_id,
        created_at=created_at,
        expires_at=created_at + lasts,
        order=frozen,
        responses=(response,),
    )


def told_by(own: Sequence[Item], status: RunStatus | None, request: Mapping[str, Any]) -> Answer:
    """A response whose id never came, in the words of one: what it left in the conversation is all that is known."""
    return {
        "id": None,
        "status": status or "in_progress",
        "output": list(own),
        "instructions": request.get("instructions"),
        "usage": None,
    }


def has_answered(answer: Answer) -> bool:
    """Whether the response itself has ended, be it with calls."""
    return reading.state_told(answer) in ENDED


def refuse_cancel(status: RunStatus) -> TouchstoneError:
    """The sentence of the older API (provider-facts 4.4)."""
    return refusals.wrong_state(f"Cannot cancel run with status '{status}'.")
