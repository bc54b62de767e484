"""Runs and their steps: `/v1/threads/{thread_id}/runs` (provider-facts 4.1 to 4.4).

A run costs what its `usage` says once it has ended: its bill is open until somebody sees that, and settled once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import openai

from support.catalogue.models import model_named
from support.errors import TouchstoneError
from support.gateway import runs
from support.gateway.assistant_checks import MARKER_KEY, check_choice
from support.gateway.call import Bill, ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire, headers_on_the_wire
from support.gateway.failures import naming
from support.gateway.keeper import unrepeated
from support.gateway.markers import Marker
from support.gateway.openai.assistants_v2.errors import translate
from support.gateway.openai.assistants_v2.fees import fees_of
from support.gateway.openai.assistants_v2.reading import cursor_after, metadata_of, poll_after_of, run_of, steps_of
from support.gateway.openai.assistants_v2.sdk import ask, given
from support.gateway.openai.assistants_v2.streaming import pieces_of, usage_of_piece
from support.gateway.openai.assistants_v2.tools import choice_to_send, has_fees
from support.gateway.retry import Repeat
from support.gateway.runs import Bills, Known, RunKeeper, RunOrder, RunPiece
from support.values import Assistant, Provider, Run, RunStep, ToolOutput

R = TypeVar("R")

CONTENTS = "step_details.tool_calls[*].file_search.results[*].content"
"""What has to be named for a step to tell the passages that a search found."""
PAGE = 100
"""The largest page of runs and of steps."""
OF_THE_MODEL = ("reasoning_effort", "top_p")
"""Settings of a model that a run takes."""


class RunsV2(RunKeeper):
    """The runs of threads. `look_up` knows the assistants, whose instructions and tools a run takes over."""

    provider = Provider.OPENAI

    def __init__(
        self,
        choke: ChokePoint,
        client: openai.AsyncOpenAI,
        known: Known,
        look_up: Callable[[str], Awaitable[Assistant]],
    ) -> None:
        super().__init__(choke)
        self._client = client
        self._known = known
        self._look_up = look_up
        self._bills = Bills()

    async def get(self, thread_id: str, run_id: str) -> Run:
        async def send() -> Run:
            await ask(self._client.beta.threads.runs.retrieve, run_id, thread_id=thread_id)
            return run_on_the_wire()

        return await self._settled(await self._call("runs.get", Repeat.ALWAYS, send, run_id))

    async def cancel(self, thread_id: str, run_id: str) -> Run:
        async def send() -> Run:
            await ask(self._client.beta.threads.runs.cancel, run_id, thread_id=thread_id)
            return run_on_the_wire()

        return await self._settled(await self._call("runs.cancel", Repeat.IF_REFUSED, send, run_id))

    async def submit(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> Run:
        sent = outputs_to_send(outputs)

        async def send() -> Run:
            submit = self._client.beta.threads.runs.submit_tool_outputs
            await ask(submit, run_id, thread_id=thread_id, tool_outputs=sent)
            return run_on_the_wire()

        run = await self._call("runs.submit", Repeat.IF_REFUSED, send, run_id)
        self._known.grew(thread_id, sum(len(output.output.encode()) for output in outputs))
        return await self._settled(run)

    async def steps(self, thread_id: str, run_id: str) -> tuple[RunStep, ...]:
        steps: list[RunStep] = []
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page, cursor = await self._steps_page(thread_id, run_id, cursor)
            steps += page
            if unrepeated(Provider.OPENAI, cursor, seen) is None:
                return tuple(steps)

    async def _steps_page(
        self, thread_id: str, run_id: str, cursor: str | None
    ) -> tuple[tuple[RunStep, ...], str | None]:
        async def send() -> tuple[tuple[RunStep, ...], str | None]:
            options = given(limit=PAGE, order="asc", include=[CONTENTS], after=cursor)
            await ask(self._client.beta.threads.runs.steps.list, run_id, thread_id=thread_id, **options)
            answer = answer_on_the_wire()
            return recorded(answer["data"]), cursor_after(answer)

        return await self._call("run_steps.list", Repeat.ALWAYS, send, run_id)

    # Beginning --------------------------------------------------------------------------------------------------------

    async def _begin(self, order: RunOrder) -> Run:
        assistant = await self._assistant_for(order)
        marker = Marker.fresh(self._choke.account.run_id)
        request = request_of(order, assistant, marker)

        async def send() -> Run:
            await ask(self._client.beta.threads.runs.create, order.thread_id, **request)
            return run_on_the_wire()

        def begun(run: Run, bill: Bill) -> None:
            self._bills.begun(run.id, bill)

        run = await self._choke.call(
            self._creation(order, assistant, Repeat.IF_ABSENT),
            send,
            naming_what(order.thread_id),
            find=lambda: self._made_by(order.thread_id, marker),
            billed=begun,
        )
        self._known.grew(order.thread_id, runs.output_limit(order, model_of(order, assistant)))
        return await self._settled(run)

    async def _begin_stream(self, order: RunOrder) -> AsyncIterator[RunPiece]:
        assistant = await self._assistant_for(order)
        request = request_of(order, assistant, Marker.fresh(self._choke.account.run_id))

        async def send() -> AsyncIterator[RunPiece]:
            stream = await ask(self._client.beta.threads.runs.create, order.thread_id, **request, stream=True)
            self._known.grew(order.thread_id, runs.output_limit(order, model_of(order, assistant)))
            async with aclosing(pieces_of(stream)) as pieces:
                async for piece in pieces:
                    yield piece

        # Nobody looks for a run whose stream never began, so it is begun again only where it certainly did not.
        operation = self._creation(order, assistant, Repeat.IF_REFUSED)
        translated = naming_what(order.thread_id)
        bills: list[Bill] = []
        run: Run | None = None
        pieces = self._choke.stream(operation, send, translated, usage_of=usage_of_piece, billed=bills.append)
        async for piece in pieces:
            run = piece.run or run
            yield piece
        if run is not None:
            self._bills.begun(run.id, bills[0])
            await self._settled(run)

    async def _assistant_for(self, order: RunOrder) -> Assistant:
        assistant = await self._look_up(order.assistant_id)
        check_choice(Provider.OPENAI, order.tool_choice, assistant.tools)
        return assistant

    def _creation(self, order: RunOrder, assistant: Assistant, repeat: Repeat) -> Operation:
        model = model_of(order, assistant)
        instructions = order.instructions if order.instructions is not None else assistant.instructions
        bound = runs.bound(self._known, order, model, instructions, assistant.tools)
        return Operation(Provider.OPENAI, "runs.create", repeat, model=model, bound=bound)

    async def _made_by(self, thread_id: str, marker: Marker) -> Run | None:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page, cursor = await self._page(thread_id, cursor)
            for run in page:
                if metadata_of(run.raw)[1] == str(marker):
                    return run
            if unrepeated(Provider.OPENAI, cursor, seen) is None:
                return None

    async def _page(self, thread_id: str, cursor: str | None) -> tuple[tuple[Run, ...], str | None]:
        async def send() -> tuple[tuple[Run, ...], str | None]:
            await ask(self._client.beta.threads.runs.list, thread_id, **given(limit=PAGE, after=cursor))
            answer = answer_on_the_wire()
            return tuple(run_of(item) for item in answer["data"]), cursor_after(answer)

        return await self._call("runs.list", Repeat.ALWAYS, send, thread_id)

    # Costs ------------------------------------------------------------------------------------------------------------

    async def _settled(self, run: Run) -> Run:
        """The run; where it has ended, what it cost stands in the books from now on."""
        if run.ended and self._bills.is_open(run.id):
            costly = run.usage is not None and has_fees(run.raw)
            fees = fees_of(await self.steps(run.thread_id, run.id) if costly else ())
            self._bills.ended(run.id, run.usage, fees)
        return run

    async def _call(self, name: str, repeat: Repeat, send: Callable[[], Awaitable[R]], about: str) -> R:
        return await self._choke.call(Operation(Provider.OPENAI, name, repeat), send, naming_what(about))


def naming_what(about: str) -> Callable[[Exception], TouchstoneError]:
    """The errors of a call that is about this id."""
    return lambda error: naming(translate(error), about)


def request_of(order: RunOrder, assistant: Assistant, marker: Marker) -> dict[str, Any]:
    """What is asked for: beside the assistant only what is not as it says, and always a limit."""
    model = model_of(order, assistant)
    return {
        **settings_to_send(model),
        "assistant_id": order.assistant_id,
        **given(
            model=order.model,
            instructions=instructions_to_send(order),
            tool_choice=choice_to_send(order.tool_choice),
            parallel_tool_calls=None if order.parallel_calls else False,
        ),
        "max_completion_tokens": runs.output_limit(order, model),
        "metadata": {MARKER_KEY: str(marker)},
    }


def model_of(order: RunOrder, assistant: Assistant) -> str:
    """The model that answers: the run's own, or its assistant's."""
    return order.model or assistant.model


def instructions_to_send(order: RunOrder) -> str | None:
    """The instructions that stand in the place of the assistant's; None: those of the assistant."""
    return order.instructions


def settings_to_send(model: str) -> dict[str, Any]:
    """What the catalogue sends with every request to the model, as far as a run takes it."""
    known = model_named(Provider.OPENAI, model)
    return {name: value for name, value in (known.settings if known else {}).items() if name in OF_THE_MODEL}


def outputs_to_send(outputs: Sequence[ToolOutput]) -> list[dict[str, str]]:
    """Outputs in the API's spelling; a failure is told in the output's own words."""
    return [{"tool_call_id": call_to_answer(output), "output": output.output} for output in outputs]


def call_to_answer(output: ToolOutput) -> str:
    """The id of the call that an output is submitted under."""
    return output.call_id


def run_on_the_wire() -> Run:
    """The run of the last answer, with when to look again."""
    return run_of(answer_on_the_wire(), poll_after_of(headers_on_the_wire()))


def recorded(steps: Sequence[Mapping[str, Any]]) -> tuple[RunStep, ...]:
    """The steps of the wire as the record of what was done, in their order."""
    return tuple(done for step in steps for done in steps_of(step))
