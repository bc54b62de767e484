"""The life of a batch: progress, waiting, the ends that it can come to, cancellation, lists, deletion."""

from datetime import timedelta
from decimal import Decimal

import pytest

from support.errors import BudgetExceeded, Conflict, InvalidRequest, NotFound, Unsupported, WaitTimeout
from support.gateway.anthropic import batches as anthropic
from support.gateway.call import ChokePoint
from support.gateway.events import Account
from support.gateway.gemini import batches as gemini
from support.gateway.openai import batches as openai
from support.values import BatchProgress, Money, Provider
from tests.gateway.batch_bench import PROVIDERS, ask, batches_of, collected, gateway_of, set_durations, several
from tests.gateway.conftest import ATTEMPTS, Bench

pytestmark = pytest.mark.anyio

each_provider = pytest.mark.parametrize("provider", PROVIDERS)

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
UNKNOWN = {Provider.OPENAI: "batch_none", Provider.ANTHROPIC: "msgbatch_none", Provider.GEMINI: "batches/none"}


# Progress --------------------------------------------------------------------------------------------------------------


@each_provider
async def test_progress_is_what_the_provider_tells_and_no_more(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    seen: list[BatchProgress] = []
    made = await batches.submit(several(provider, 10))
    ended = await batches.wait(made.id, on_progress=seen.append)
    assert ended.status == "completed"
    assert (ended.counts.total, ended.counts.succeeded, ended.counts.failed) == (10, 10, 0)
    assert ended.ended_at is not None
    assert [one.fraction for one in seen][-1] == 1.0
    before = seen[:-1]
    assert all(one.fraction is None or one.fraction < 1 for one in before)
    if provider is Provider.OPENAI:
        assert (before[0].status, before[0].done, before[0].total) == ("validating", None, None)
        assert {one.total for one in before[1:]} == {10}
        done = [one.done or 0 for one in before[1:]]
        assert done == sorted(done)
        assert 0 < done[-1] < 10
    else:
        assert {one.done for one in before} == {None}
        assert {one.total for one in before} == ({10} if provider is Provider.ANTHROPIC else {None})
    states = list(dict.fromkeys(one.status for one in seen))
    assert states == (["in_progress"] if provider is Provider.ANTHROPIC else ["validating", "in_progress"]) + [
        "completed"
    ]


async def test_openai_may_be_finalizing_at_a_hundred_percent_and_the_gateway_says_less(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit(several(Provider.OPENAI, 4))
    bench.tenant.advance(67)
    batch = await batches.get(made.id)
    progress = openai.progress_of(batch)
    assert (progress.status, progress.done, progress.fraction) == ("finalizing", 4, 0.99)


@each_provider
async def test_counts_before_the_end(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 10))
    bench.tenant.advance(30)
    counts = (await batches.get(made.id)).counts
    if provider is Provider.OPENAI:
        assert (counts.total, counts.succeeded, counts.failed, counts.processing) == (10, 4, 0, None)
    else:
        assert (counts.total, counts.processing, counts.succeeded, counts.failed) == (10, 10, None, None)


# Waiting ---------------------------------------------------------------------------------------------------------------


@each_provider
async def test_a_wait_that_ends_too_early_names_the_state_and_the_batch_goes_on(
    bench: Bench, provider: Provider
) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 3))
    with pytest.raises(WaitTimeout, match=f"{made.id} was (in_progress|validating) after 0:00:05"):
        await batches.wait(made.id, timeout=5 * SECOND, every=SECOND)
    assert (await batches.wait(made.id)).status == "completed"


async def test_a_wait_looks_as_often_as_it_is_told(bench: Bench) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    made = await batches.submit(several(Provider.ANTHROPIC, 3))
    await batches.wait(made.id, every=20 * SECOND)
    assert bench.clock.sleeps == [20.0, 20.0, 20.0]


# Ends ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.ANTHROPIC])
async def test_at_the_end_of_the_window_what_is_done_is_kept(bench: Bench, provider: Provider) -> None:
    set_durations(bench, running=2.5 * 86_400, validating=0.0)
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 10))
    ended = await batches.wait(made.id, every=HOUR)
    assert ended.status == "expired"
    assert ended.expires_at is not None
    assert ended.expires_at == ended.ended_at == made.created_at + timedelta(days=1)
    found = await collected(batches.results(made.id))
    assert sorted(item.status for item in found.values()) == ["expired"] * 6 + ["succeeded"] * 4
    late = [item for item in found.values() if item.status == "expired"]
    assert {getattr(item.error, "kind", None) for item in late} == {"expired"}
    assert {item.cost_usd for item in late} == {Decimal(0)}
    done = [item for item in found.values() if item.answer is not None]
    assert bench.purse.settled_sums[0][1] == sum(item.cost_usd or 0 for item in done) > 0


async def test_nothing_is_left_of_geminis_expired_batch(bench: Bench) -> None:
    set_durations(bench, running=5 * 86_400)
    batches = batches_of(bench, Provider.GEMINI)
    made = await batches.submit(several(Provider.GEMINI, 3))
    ended = await batches.wait(made.id, every=HOUR, timeout=timedelta(hours=50))
    assert ended.status == "expired"
    assert "48 hours" in ended.faults[0].message
    found = await collected(batches.results(made.id))
    assert [(item.status, getattr(item.error, "kind", None)) for item in found.values()] == [("expired", "expired")] * 3
    assert bench.purse.settled_sums[0][1] == Decimal(0)


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GEMINI])
async def test_a_batch_can_fail_as_a_whole(bench: Bench, provider: Provider) -> None:
    bench.tenant.faults(
        {"provider": provider, "operation": "batches.create", "do": {"outcome": "token_limit_exceeded"}}
    )
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 3))
    ended = await batches.wait(made.id)
    assert ended.status == "failed"
    assert len(ended.faults) == 1
    if provider is Provider.OPENAI:
        assert ended.faults[0].code == "token_limit_exceeded"
    found = await collected(batches.results(made.id))
    assert {item.status for item in found.values()} == {"failed"}
    assert {getattr(item.error, "kind", None) for item in found.values()} == {"job_failed"}
    assert bench.purse.settled_sums == [(bench.purse.settled_sums[0][0], Decimal(0))]
    # whoever did not hand it over knows nothing of its requests
    assert not await collected(batches_of(bench, provider).results(made.id))


# Cancellation ----------------------------------------------------------------------------------------------------------


@each_provider
async def test_a_cancelled_batch_keeps_what_was_done(bench: Bench, provider: Provider) -> None:
    set_durations(bench, validating=0.0, running=50.0, finalizing=5.0, cancelling=10.0)
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 10))
    bench.tenant.advance(20)
    asked = await batches.cancel(made.id)
    assert asked.status == ("in_progress" if provider is Provider.GEMINI else "cancelling")
    assert not asked.ended
    ended = await batches.wait(made.id)
    assert ended.status == "cancelled"
    assert ended.ended_at is not None
    if provider is not Provider.GEMINI:
        assert ended.cancelling_at == made.created_at + 20 * SECOND
    if provider is Provider.ANTHROPIC:
        assert (ended.counts.succeeded, ended.counts.cancelled, ended.counts.total) == (4, 6, 10)
    found = await collected(batches.results(made.id))
    assert len(found) == 10
    done = [item for item in found.values() if item.status == "succeeded"]
    rest = [item for item in found.values() if item.status == "cancelled"]
    assert (len(done), len(rest)) == (4, 6)
    assert all(item.answer is not None and item.answer.text == f"this is {item.id}" for item in done)
    assert {(item.answer, item.error, item.cost_usd) for item in rest} == {(None, None, Decimal(0))}
    assert bench.purse.settled_sums[0][1] == sum(item.cost_usd or 0 for item in done) > 0


async def test_a_batch_that_was_cancelled_while_it_was_checked_has_no_files(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit(several(Provider.OPENAI, 3))
    await batches.cancel(made.id)
    ended = await batches.wait(made.id)
    assert (ended.status, ended.output_file_id, ended.error_file_id) == ("cancelled", None, None)
    found = await collected(batches.results(made.id))
    assert [item.status for item in found.values()] == ["cancelled"] * 3
    assert bench.purse.settled_sums[0][1] == Decimal(0)


@each_provider
async def test_what_has_ended_cannot_be_cancelled(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 2))
    before = await batches.wait(made.id)
    with pytest.raises(Conflict) as error:
        await batches.cancel(made.id)
    assert error.value.status in (400, 409)
    assert (await batches.get(made.id)) == before


@each_provider
async def test_an_unknown_batch_is_not_found(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    for call in (batches.get, batches.cancel, batches.discard):
        with pytest.raises(NotFound):
            await call(UNKNOWN[provider])
    with pytest.raises(NotFound):
        await collected(batches.results(UNKNOWN[provider]))


# Lists -----------------------------------------------------------------------------------------------------------------


@each_provider
async def test_lists_go_page_by_page_newest_first(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = []
    for number in range(5):
        made.append((await batches.submit([ask(provider, f"request-{number}")])).id)
        bench.tenant.advance(1)
    page = await batches.list_page(limit=2)
    assert [batch.id for batch in page.batches] == made[:2:-1]
    assert page.next_cursor is not None
    assert [batch.id async for batch in batches.list(page_size=2)] == made[::-1]
    with pytest.raises(InvalidRequest, match="limit: must be 1 to"):
        await batches.list_page(limit=0)


async def test_batches_for_what_the_gateway_does_not_know_are_passed_over(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit([ask(Provider.OPENAI, "a")])
    other = {**made.raw, "id": "batch_other", "endpoint": "/v1/moderations"}
    body = {"object": "list", "data": [other, dict(made.raw)], "has_more": False}
    bench.tenant.faults({"operation": "batches.list", "do": {"status": 200, "body": body}})
    assert [batch.id async for batch in batches.list()] == [made.id]


# Deletion --------------------------------------------------------------------------------------------------------------


async def test_openai_keeps_batches(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit([ask(Provider.OPENAI, "a")])
    before = len(bench.wire.exchanges)
    with pytest.raises(Unsupported):
        await batches.delete(made.id)
    assert len(bench.wire.exchanges) == before


@pytest.mark.parametrize("provider", [Provider.ANTHROPIC, Provider.GEMINI])
async def test_a_batch_that_has_ended_can_be_deleted(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit([ask(provider, "a")])
    await batches.wait(made.id)
    assert (await batches.delete(made.id)).id == made.id
    assert bench.register.removals == [(provider, bench.register.intended[0][1], made.id)]
    with pytest.raises(NotFound):
        await batches.get(made.id)


async def test_anthropic_deletes_nothing_that_runs(bench: Bench) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    made = await batches.submit([ask(Provider.ANTHROPIC, "a")])
    with pytest.raises(Conflict) as error:
        await batches.delete(made.id)
    assert error.value.status == 400
    assert (await batches.get(made.id)).status == "in_progress"


@each_provider
async def test_discarding_ends_a_batch_and_leaves_nothing_of_it(bench: Bench, provider: Provider) -> None:
    set_durations(bench, validating=0.0, running=5000.0)
    gateway = gateway_of(bench, provider)
    made = await gateway.batches.submit(several(provider, 10))
    bench.tenant.advance(2000)
    await gateway.batches.discard(made.id)
    if made.input_file_id is not None:
        await gateway.files.delete(made.input_file_id)
    assert not bench.tenant.state()["inventory"]
    left = set(bench.register.confirmed.values()) - {id for _, _, id in bench.register.removals}
    assert left == ({made.id} if provider is Provider.OPENAI else set())  # OpenAI keeps batches, and they cost nothing


# Files that a batch leaves ---------------------------------------------------------------------------------------------


async def test_only_the_files_of_the_runs_own_batches_are_the_runs(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit([ask(Provider.OPENAI, "a"), ask(Provider.OPENAI, "b", max_output_tokens=-1)])
    ended = await batches.wait(made.id)
    await batches.get(made.id)
    files = [made.input_file_id, ended.output_file_id, ended.error_file_id]
    assert set(bench.register.confirmed.values()) == {made.id, *files}
    other = ChokePoint(
        account=Account(run_id="other", scenario="a test", area="batch", row="BP-00", money=Money.SIMULATED),
        clock=bench.clock,
        purse=bench.purse,
        register=bench.register,
        wire=bench.wire,
        listeners=[],
        attempts=ATTEMPTS,
    )
    stranger = openai.OpenAIBatches(other, gateway_of(bench, Provider.OPENAI)._client)  # type: ignore[attr-defined]
    assert (await stranger.get(made.id)).output_file_id is not None
    assert set(bench.register.confirmed.values()) == {made.id, *files}


async def test_without_money_no_batch_begins(bench: Bench) -> None:
    bench.purse.cap_input_tokens = 100
    for provider in PROVIDERS:
        with pytest.raises(BudgetExceeded):
            await batches_of(bench, provider).submit(several(provider, 10))
    assert not bench.wire.exchanges


# States ----------------------------------------------------------------------------------------------------------------


def test_what_geminis_states_mean() -> None:
    def status(state: str) -> str:
        return gemini.status_of({"metadata": {"state": f"BATCH_STATE_{state}"}})

    assert [status(one) for one in ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")] == [
        "validating",
        "in_progress",
        "completed",
        "failed",
        "cancelled",
        "expired",
    ]


def test_what_anthropics_end_means() -> None:
    def status(cancelled: str | None, expired: int) -> str:
        return anthropic.status_of(
            {
                "processing_status": "ended",
                "cancel_initiated_at": cancelled,
                "request_counts": {"expired": expired},
            }
        )

    assert (status(None, 0), status(None, 2), status("2026-11-23", 0)) == ("completed", "expired", "cancelled")
