"""Runs on every backend: when they are looked at, what follows one that failed, and the most that one can cost."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.catalogue.models import model_named
from support.errors import InvalidRequest, JobFailed, RateLimited, TouchstoneError, WaitTimeout
from support.gateway.call import Bill, ChokePoint
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.runs import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST_FOUND,
    MOST_PRINTED,
    MOST_ROUNDS,
    USUAL_OUTPUT_TOKENS,
    Bills,
    Known,
    RunKeeper,
    RunOrder,
    RunPiece,
    StreamedRun,
    bound,
    failure_of,
    functions,
    has_stopped,
    next_pause,
    output_limit,
    worth_another,
)
from support.values import (
    ENDED,
    CodeTool,
    FunctionTool,
    Money,
    Provider,
    Run,
    RunEvent,
    RunFailure,
    RunStatus,
    RunStep,
    SearchTool,
    Tool,
    ToolOutput,
    Usage,
)
from tests.gateway.conftest import FakePurse, FakeRegister

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MODEL = "gpt-6-luna"
ORDER = RunOrder("thread_1", "asst_1")
LOOKS_A_MINUTE = 8
STATUSES: tuple[RunStatus, ...] = ("queued", "in_progress", "cancelling", "requires_action", *sorted(ENDED))  # type: ignore[arg-type]
SETTINGS = {
    "model": "gpt-4o",
    "instructions": "Be short.",
    "tool_choice": "none",
    "parallel_calls": False,
    "max_output_tokens": 7,
}


def run_as(status: RunStatus, failure: str | None = None, *, number: int = 1, hint: float | None = None) -> Run:
    return Run(
        provider=Provider.OPENAI,
        id=f"run_{number}",
        thread_id="thread_1",
        assistant_id="asst_1",
        status=status,
        model=MODEL,
        instructions=None,
        failure=None if failure is None else RunFailure(code=failure, message=f"It was a {failure}."),
        created_at=NOW,
        poll_after=None if hint is None else timedelta(seconds=hint),
        raw={},
    )


class Watch:
    """A clock that a sleep moves."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Runs(RunKeeper):
    """A backend whose runs are told in advance: for each run what its looks show, and the last one again and again."""

    provider = Provider.OPENAI

    def __init__(self, *told: Sequence[Run]) -> None:
        self.clock, self.purse, self.register = Watch(), FakePurse(), FakeRegister()
        super().__init__(
            ChokePoint(
                account=Account("run1", "a scenario", "assistants", "AB-06", Money.SIMULATED),
                clock=self.clock,
                purse=self.purse,
                register=self.register,
                wire=Wire(),
                listeners=[],
                attempts=4,
            )
        )
        self.told = [list(looks) for looks in told]
        self.ordered: list[RunOrder] = []
        self.looked: list[tuple[str, float]] = []
        """Which run was looked at, and after how many seconds."""

    async def _begin(self, order: RunOrder) -> Run:
        self.ordered.append(order)
        return run_as("queued", number=len(self.ordered))

    async def get(self, thread_id: str, run_id: str) -> Run:
        self.looked.append((run_id, sum(self.clock.slept)))
        looks = self.told[len(self.ordered) - 1 if self.ordered else 0]
        return looks.pop(0) if len(looks) > 1 else looks[0]

    def _begin_stream(self, order: RunOrder) -> AsyncIterator[RunPiece]:
        self.ordered.append(order)
        return pieces(RunPiece(RunEvent(kind="status", status="queued")), RunPiece(None, run_as("completed")))

    async def cancel(self, thread_id: str, run_id: str) -> Run:
        raise AssertionError("nobody cancels")

    async def submit(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> Run:
        raise AssertionError("nobody submits")

    async def steps(self, thread_id: str, run_id: str) -> tuple[RunStep, ...]:
        raise AssertionError("nobody asks for the steps")


async def pieces(*told: RunPiece) -> AsyncIterator[RunPiece]:
    for piece in told:
        yield piece


def failing(*codes: str) -> list[list[Run]]:
    """Runs that fail one after the other."""
    return [[run_as("failed", code, number=number)] for number, code in enumerate(codes, start=1)]


# When it is looked at -------------------------------------------------------------------------------------------------


def looks(hint: float | None, seconds: float) -> list[float]:
    """When a run is looked at within so many seconds, where the provider always suggests the same."""
    at, waited = [0.0], None
    while True:
        waited = next_pause(waited, run_as("queued", hint=hint))
        if at[-1] + waited >= seconds:
            return at
        at.append(at[-1] + waited)


def busiest_minute(at: Sequence[float]) -> int:
    return max(sum(begin <= moment < begin + 60 for moment in at) for begin in at)


def test_without_a_suggestion_the_pauses_double_up_to_twenty_seconds() -> None:
    assert looks(None, 75) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 51.5, 71.5]


def test_a_suggestion_is_followed_once_and_then_left_behind() -> None:
    assert looks(0.02, 50) == pytest.approx([0, 0.02, 0.1, 0.42, 1.7, 6.82, 26.82, 46.82])
    assert looks(5, 60) == [0, 5, 25, 45]


def test_a_suggestion_of_nothing_is_none() -> None:
    assert looks(0, 60) == looks(None, 60)


@given(st.one_of(st.none(), st.floats(min_value=0.02, max_value=120)))
def test_there_are_eight_looks_a_minute_at_most(hint: float | None) -> None:
    assert busiest_minute(looks(hint, 600)) <= LOOKS_A_MINUTE


@pytest.mark.parametrize("hint", [0.001, 0.002, 0.004])
def test_a_very_short_suggestion_makes_no_more_of_them(hint: float) -> None:
    assert busiest_minute(looks(hint, 600)) <= LOOKS_A_MINUTE


@given(st.floats(min_value=0.001, max_value=LONGEST_PAUSE), st.one_of(st.none(), st.floats(min_value=0.001)))
def test_pauses_grow_and_end_at_the_longest(before: float, hint: float | None) -> None:
    assert (
        before <= next_pause(before, run_as("queued", hint=None if hint is None else min(hint, 1e9))) <= LONGEST_PAUSE
    )


@given(st.lists(st.sampled_from((None, 0.02, 5.0)), max_size=40))
def test_pauses_never_shrink_whether_the_provider_suggests_something_or_not(hints: list[float | None]) -> None:
    waited = FIRST_PAUSE
    for hint in hints:
        following = next_pause(waited, run_as("queued", hint=hint))
        assert following >= waited
        waited = following


@pytest.mark.parametrize("status", STATUSES)
def test_a_run_has_stopped_where_it_ended_or_waits_for_outputs(status: RunStatus) -> None:
    assert has_stopped(run_as(status)) == (status not in ("queued", "in_progress", "cancelling"))


async def test_the_first_look_is_at_once() -> None:
    runs = Runs([run_as("completed")])
    assert (await runs.wait(run_as("queued"))).status == "completed"
    assert (runs.looked, runs.clock.slept) == ([("run_1", 0)], [])


async def test_it_is_looked_at_until_it_stops() -> None:
    runs = Runs([run_as("queued"), run_as("in_progress"), run_as("requires_action")])
    assert (await runs.wait(run_as("queued"))).status == "requires_action"
    assert runs.clock.slept == [0.5, 1.0]


async def test_nobody_sleeps_past_the_deadline() -> None:
    runs = Runs([run_as("in_progress")])
    with pytest.raises(WaitTimeout, match="the run run_1 is in_progress after 0:00:04; it goes on there") as late:
        await runs.wait(run_as("queued"), timeout=timedelta(seconds=4))
    assert (runs.clock.slept, late.value.provider) == ([0.5, 1.0, 2.0], Provider.OPENAI)


async def test_a_look_that_falls_on_the_deadline_is_taken() -> None:
    runs = Runs([run_as("queued"), run_as("queued"), run_as("queued"), run_as("completed")])
    assert (await runs.wait(run_as("queued"), timeout=timedelta(seconds=3.5))).status == "completed"


# What follows one that failed -----------------------------------------------------------------------------------------


async def test_one_failure_of_the_server_is_followed_by_another_run() -> None:
    runs = Runs(*failing("server_error"), [run_as("completed", number=2)])
    assert (await runs.complete("thread_1", "asst_1")).id == "run_2"
    assert ([run for run, _ in runs.looked], runs.clock.slept) == (["run_1", "run_2"], [0.5])


async def test_two_rate_limits_are_followed_by_another_run_after_longer_and_longer_pauses() -> None:
    runs = Runs(*failing("rate_limit_exceeded", "rate_limit_exceeded"), [run_as("completed", number=3)])
    assert (await runs.complete("thread_1", "asst_1")).id == "run_3"
    assert runs.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize(
    ("codes", "kind", "last"),
    [
        (["invalid_prompt"], JobFailed, "invalid_prompt"),
        (["something_new"], JobFailed, "something_new"),
        (["server_error"] * 2, JobFailed, "server_error"),
        (["rate_limit_exceeded"] * 3, RateLimited, "rate_limit_exceeded"),
        (["server_error", "invalid_prompt"], JobFailed, "invalid_prompt"),
        (["rate_limit_exceeded", "server_error"], JobFailed, "server_error"),
        (["server_error", "rate_limit_exceeded", "rate_limit_exceeded"], RateLimited, "rate_limit_exceeded"),
    ],
)
async def test_then_it_is_over_and_the_last_failure_is_told(
    codes: list[str], kind: type[TouchstoneError], last: str
) -> None:
    runs = Runs(*failing(*codes, "nobody comes this far"))
    with pytest.raises(kind) as failed:
        await runs.complete("thread_1", "asst_1")
    assert (len(runs.ordered), failed.value.sent) == (len(codes), len(codes))
    assert (failed.value.code, failed.value.provider) == (last, Provider.OPENAI)
    assert f"run_{len(codes)}" in failed.value.message
    assert f"It was a {last}." in failed.value.message


@pytest.mark.parametrize("status", sorted(ENDED - {"failed"} | {"requires_action"}))
async def test_what_did_not_fail_is_the_callers(status: RunStatus) -> None:
    runs = Runs([run_as(status)])
    assert (await runs.complete("thread_1", "asst_1")).status == status
    assert len(runs.ordered) == 1


async def test_the_run_after_a_failed_one_is_asked_for_the_same() -> None:
    runs = Runs(*failing("server_error"), [run_as("completed", number=2)])
    await runs.complete("thread_1", "asst_1", **SETTINGS)  # type: ignore[arg-type]
    assert runs.ordered == [RunOrder("thread_1", "asst_1", **SETTINGS)] * 2  # type: ignore[arg-type]


async def test_each_run_has_the_whole_time() -> None:
    slow = [run_as("in_progress")] * 3
    runs = Runs([*slow, *failing("server_error")[0]], [*slow, run_as("completed", number=2)])
    assert (await runs.complete("thread_1", "asst_1", timeout=timedelta(seconds=4))).id == "run_2"


async def test_a_wait_that_is_too_long_is_followed_by_nothing() -> None:
    runs = Runs([run_as("in_progress")])
    with pytest.raises(WaitTimeout):
        await runs.complete("thread_1", "asst_1", timeout=timedelta(seconds=4))
    assert len(runs.ordered) == 1


def test_a_failure_without_a_reason_is_the_end() -> None:
    silent = run_as("failed")
    assert not worth_another([silent])
    error = failure_of([silent])
    assert (error.code, error.message) == (
        None,
        "the run run_1 failed after 1 run: the provider does not say why",
    )


@pytest.mark.parametrize(("runs", "said"), [(1, "after 1 run:"), (3, "after 3 runs:")])
def test_the_failure_says_how_many_runs_there_were(runs: int, said: str) -> None:
    failed = [run_as("failed", "rate_limit_exceeded")] * runs
    assert said in failure_of(failed).message


@given(st.lists(st.sampled_from(("server_error", "rate_limit_exceeded", "invalid_prompt", "other")), min_size=1))
def test_nobody_goes_on_after_three(codes: list[str]) -> None:
    failed = [run_as("failed", code) for code in codes]
    assert worth_another(failed) == (len(codes) <= {"server_error": 1, "rate_limit_exceeded": 2}.get(codes[-1], 0))


# Asking for one -------------------------------------------------------------------------------------------------------


async def test_a_run_is_asked_for_as_its_caller_says() -> None:
    wanted = RunOrder("thread_1", "asst_1", **SETTINGS)  # type: ignore[arg-type]
    runs = Runs([run_as("completed")])
    await runs.create("thread_1", "asst_1", **SETTINGS)  # type: ignore[arg-type]
    [_ async for _ in runs.stream("thread_1", "asst_1", **SETTINGS)]  # type: ignore[arg-type]
    assert runs.ordered == [wanted, wanted]


async def test_instructions_that_are_too_long_are_refused_and_not_sent() -> None:
    longer = "i" * 256_001
    asked: tuple[Callable[[Runs], object], ...] = (
        lambda runs: runs.create("thread_1", "asst_1", instructions=longer),
        lambda runs: runs.complete("thread_1", "asst_1", instructions=longer),
        lambda runs: runs.stream("thread_1", "asst_1", instructions=longer),
    )
    for ask in asked:
        runs = Runs()
        with pytest.raises(InvalidRequest) as refused:
            await ask(runs)  # type: ignore[misc]  # the stream raises before there is anything to wait for
        assert (refused.value.param, runs.ordered, runs.purse.reserved) == ("instructions", [], [])


async def test_the_run_of_a_stream_is_there_at_its_end() -> None:
    text = RunEvent(kind="text", text="Hello")
    stream = StreamedRun(pieces(RunPiece(text), RunPiece(None, run_as("completed"))))
    with pytest.raises(LookupError, match="only after its stream was read"):
        _ = stream.run
    assert [event async for event in stream] == [text]
    assert stream.run.status == "completed"


def test_the_callers_own_tools_are_told_from_the_providers() -> None:
    mine = FunctionTool(name="mine")
    assert functions((CodeTool(), mine, SearchTool())) == [mine]


# What it can cost -----------------------------------------------------------------------------------------------------


def tokens(known: Known, order: RunOrder = ORDER, instructions: str | None = None, *tools: Tool) -> tuple[int, int]:
    """Most tokens in and out."""
    most = bound(known, order, MODEL, instructions, tools)
    assert (most.count, most.kept_for, most.kept_tokens) == (None, None, None)
    return most.input_tokens, most.output_tokens


def window() -> int:
    described = model_named(Provider.OPENAI, MODEL)
    assert described is not None
    return described.context_window_tokens


def test_a_token_is_at_least_a_byte() -> None:
    known = Known({"thread_1": 40})
    output = output_limit(ORDER, MODEL)
    assert tokens(known) == (40 + output, output)
    assert tokens(known, ORDER, "größer") == (40 + 8 + output, output)


def test_a_run_with_tools_may_ask_several_times() -> None:
    known, order = Known({"thread_1": 40}), RunOrder("thread_1", "asst_1", max_output_tokens=100)
    tool = FunctionTool(name="f")
    described = len(tool.model_dump_json())
    assert tokens(known, order, None, tool) == (MOST_ROUNDS * (40 + described + 100), MOST_ROUNDS * 100)


@pytest.mark.parametrize(("tool", "brings"), [(SearchTool(), MOST_FOUND), (CodeTool(), MOST_PRINTED)])
def test_the_providers_tools_bring_something_to_read(tool: Tool, brings: int) -> None:
    known, order = Known({"thread_1": 0}), RunOrder("thread_1", "asst_1", max_output_tokens=100)
    described = len(tool.model_dump_json())
    assert tokens(known, order, None, tool) == (MOST_ROUNDS * (described + brings + 100), MOST_ROUNDS * 100)


def test_a_thread_that_nobody_saw_is_as_large_as_the_model_can_read() -> None:
    known = Known()
    known.grew("thread_1", 5)
    known.opened("thread_2", 7)
    assert (known.thread_bytes, tokens(known)[0]) == ({"thread_2": 7}, window() + output_limit(ORDER, MODEL))
    assert bound(known, ORDER, "gpt-none", None, ()).input_tokens == 1_000_000 + USUAL_OUTPUT_TOKENS


def test_an_empty_thread_is_not_an_unknown_one() -> None:
    known = Known()
    known.opened("thread_1", 0)
    assert tokens(known)[0] == output_limit(ORDER, MODEL)


@given(st.lists(st.integers(min_value=0, max_value=1_000_000)))
def test_a_thread_grows_by_all_that_comes_into_it(added: list[int]) -> None:
    known = Known()
    known.opened("thread_1", 3)
    for bytes_ in added:
        known.grew("thread_1", bytes_)
    assert known.thread_bytes == {"thread_1": 3 + sum(added)}


TOOLS = st.lists(
    st.one_of(
        st.builds(SearchTool, store_ids=st.just(("vs_1",))),
        st.builds(CodeTool),
        st.builds(FunctionTool, name=st.text(min_size=1, max_size=9)),
    ),
    max_size=4,
)


@given(st.text(), st.text(), TOOLS, st.integers(min_value=1, max_value=10_000))
def test_nothing_that_is_read_goes_beyond_the_bound(said: str, instructions: str, tools: list[Tool], most: int) -> None:
    known, order = Known({"thread_1": len(said.encode())}), RunOrder("thread_1", "asst_1", max_output_tokens=most)
    read, written = tokens(known, order, instructions, *tools)
    assert read >= len((said + instructions).encode()) + sum(len(str(tool.model_dump_json())) for tool in tools)
    assert written >= most
    if tools:
        assert (read % MOST_ROUNDS, written) == (0, MOST_ROUNDS * most)


def test_a_run_is_never_sent_without_a_limit() -> None:
    assert output_limit(RunOrder("t", "a", max_output_tokens=5), MODEL) == 5
    assert output_limit(RunOrder("t", "a", max_output_tokens=0), MODEL) == 0  # the provider's to refuse
    described = model_named(Provider.OPENAI, MODEL)
    assert described is not None
    assert output_limit(ORDER, MODEL) == described.output_limit_tokens
    assert output_limit(ORDER, "gpt-none") == USUAL_OUTPUT_TOKENS


# What it did cost -----------------------------------------------------------------------------------------------------


class Settled:
    """What a bill was settled with."""

    def __init__(self) -> None:
        self.work: list[tuple[Usage, Decimal | None]] = []

    def bill(self) -> Bill:
        def never(*_: object) -> None:
            raise AssertionError("a run is settled as work")

        return Bill(never, lambda usage, fees: self.work.append((usage, fees)), never)


def test_a_bill_is_settled_once() -> None:
    bills, settled, usage = Bills(), Settled(), Usage(uncached_input_tokens=3, output_tokens=2)
    bills.begun("run_1", settled.bill())
    assert bills.is_open("run_1")
    for _ in range(2):
        bills.ended("run_1", usage, Decimal("0.03"))
    assert (settled.work, bills.is_open("run_1")) == ([(usage, Decimal("0.03"))], False)


def test_work_without_figures_stays_reserved() -> None:
    bills, settled = Bills(), Settled()
    bills.begun("run_1", settled.bill())
    bills.ended("run_1", None)
    bills.ended("run_1", Usage(output_tokens=2))
    assert settled.work == []


def test_work_that_nobody_began_here_is_nobodys_bill() -> None:
    bills = Bills()
    bills.ended("run_1", Usage(output_tokens=2))
    assert not bills.is_open("run_1")
