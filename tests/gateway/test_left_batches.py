"""Batches that a scenario or a killed run left running are cancelled, waited for and removed through the real gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.errors import ServerError
from support.gateway.call import ChokePoint, Register
from support.gateway.capabilities import ProviderGateway
from support.gateway.events import Account
from support.gateway.gemini import batches as gemini
from support.housekeeping.cleanup import cleanup
from support.housekeeping.sweep import Reached, sweep
from support.journal import Journal, Target
from support.values import Money, Provider
from tests.gateway.batch_bench import GATEWAYS, PROVIDERS, ask, set_durations, several
from tests.gateway.conftest import Bench, FakeRegister

pytestmark = pytest.mark.anyio

SIMULATOR = Target(name="simulator")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


def gateway_for(bench: Bench, provider: Provider, run: str, register: Register) -> ProviderGateway:
    choke = ChokePoint(
        account=Account(run, "one", "batch", "BP-08", Money.SIMULATED),
        clock=bench.clock,
        purse=bench.purse,
        register=register,
        wire=bench.wire,
        listeners=(),
        attempts=1,
    )
    return GATEWAYS[provider](bench.endpoint(provider), bench.http, choke)


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_scenario_leaves_no_batch(
    bench: Bench, journal: Journal, monkeypatch: pytest.MonkeyPatch, provider: Provider, by_file: bool
) -> None:
    monkeypatch.setattr(gemini, "goes_by_file", lambda spool: by_file)
    set_durations(bench, validating=0.0, running=1000.0)
    register = journal.begin_run("aaaa", SIMULATOR, worker="w1").scenario("one", bench.tenant.id)
    gateway = gateway_for(bench, provider, "aaaa", register)
    ended = await gateway.batches.submit(ask(provider, id, max_output_tokens=-1 if id == "b" else 9) for id in "ab")
    await gateway.batches.wait(ended.id)
    await gateway.batches.submit(several(provider, 10))
    bench.tenant.advance(500)
    report = await cleanup(lambda asked: gateway, register)
    assert report.left == ()
    assert bench.tenant.state()["inventory"] == {}
    assert register.open_resources() == []


@pytest.mark.parametrize(("provider", "kind"), [(Provider.OPENAI, "openai_batch"), (Provider.GEMINI, "gemini_batch")])
async def test_what_a_killed_run_left_is_found_by_its_marker(
    bench: Bench, journal: Journal, provider: Provider, kind: str
) -> None:
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    gateway = gateway_for(bench, provider, "aaaa", run.scenario("one", bench.tenant.id))
    known = await gateway.batches.submit(several(provider, 2))
    forgetful = gateway_for(bench, provider, "aaaa", FakeRegister())
    ended = await forgetful.batches.submit(several(provider, 2))  # nobody looks at it any more
    bench.tenant.advance(100)
    lost = await forgetful.batches.submit(several(provider, 2))
    strangers = gateway_for(bench, provider, "zzzz", FakeRegister())
    kept = await strangers.batches.submit(several(provider, 2))
    run.end()

    async def reach(target: Target, asked: str) -> Reached:
        return {one: gateway_for(bench, one, "sweeper", FakeRegister()) for one in PROVIDERS}

    report = await sweep(journal, reach)
    assert report.problems == ()
    swept = {(one.provider, one.kind, one.id) for one in report.removed if one.kind != "file"}
    assert swept == {(provider, kind, batch.id) for batch in (known, ended, lost)}
    assert bench.tenant.state()["inventory"] == {
        provider: {
            "batches": [kept.id],
            **({} if kept.input_file_id is None else {"files": [kept.input_file_id]}),
        }
    }
    again = await sweep(journal, reach, run="aaaa")
    assert not again.removed


async def test_anthropics_batch_without_an_id_is_left_for_somebody_to_look(bench: Bench, journal: Journal) -> None:
    register = journal.begin_run("aaaa", SIMULATOR, worker="w1").scenario("one", bench.tenant.id)
    gateway = gateway_for(bench, Provider.ANTHROPIC, "aaaa", register)
    bench.tenant.faults({"operation": "batches.create", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await gateway.batches.submit(several(Provider.ANTHROPIC, 2))
    report = await cleanup(lambda asked: gateway, register)
    (left,) = report.left
    assert (left.kind, left.id) == ("message_batch", None)
    assert "look for" in left.reason
    assert [one.kind for one in register.open_resources()] == ["message_batch"]
