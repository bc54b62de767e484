"""What keeping a cache costs, in a real ledger: reserved in full until its life has ended, then its tokens and its time."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.errors import BudgetExceeded, NotFound, ServerError, UnknownPrice
from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.events import Account
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.purse import LedgerPurse
from support.gateway.retry import Repeat
from support.ledger import Call, Caps, Entry, History, Ledger, Refusal, price, storage_price, upper_bound
from support.values import CachedContext, CacheReference, Message, Money, Provider, Storage, Usage
from tests.gateway.conftest import ROOT, Bench, Tenant

pytestmark = pytest.mark.anyio

MODEL = "gemini-3.5-flash-lite"
STORAGE_RATE = Decimal("1.00")
"""Dollars for a million tokens and an hour (provider-facts 11)."""
MANUAL = (Message(role="user", text=" ".join(["word"] * 1200)),)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def account(money: Money = Money.SIMULATED) -> Account:
    return Account("run1", "a scenario", "caching", "CC-04", money)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state") as opened:
        yield opened


class Books:
    """A gateway whose calls are in the ledger, and what the ledger has of them."""

    def __init__(self, bench: Bench, ledger: Ledger, caps: Caps) -> None:
        self.bench = bench
        self.ledger = ledger
        self.choke = ChokePoint(
            account=account(),
            clock=bench.clock,
            purse=LedgerPurse(ledger, account(), caps),
            register=bench.register,
            wire=bench.wire,
            listeners=[bench.events.append],
            attempts=4,
        )
        self.gateway = GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, self.choke)

    async def keep(self, **asked: Any) -> CachedContext:
        return await self.gateway.caches.create(**{"model": MODEL, "messages": MANUAL, "ttl": 10 * MINUTE, **asked})

    def rows(self, operation: str) -> list[Call]:
        self.ledger.flush()
        return [call for call in History(self.ledger).calls("run1") if call.operation == operation]

    def states(self) -> dict[str, list[str]]:
        """Of what costs: the states of the rows, by operation."""
        return {name: [row.state for row in self.rows(name)] for name in ("caches.create", "caches.update")}


@pytest.fixture
def books(bench: Bench, ledger: Ledger) -> Books:
    return Books(bench, ledger, Caps())


def written(cache: CachedContext) -> Decimal:
    """Dollars for the tokens that went in."""
    cost = price(Provider.GEMINI, MODEL, Usage(uncached_input_tokens=cache.tokens))
    assert cost is not None
    return cost


def stored(cache: CachedContext, time: timedelta) -> Decimal:
    """Dollars for keeping it, by hand."""
    return STORAGE_RATE * cache.tokens * Decimal(time.total_seconds()) / 3600 / 1_000_000


def close(one: Decimal | None, other: Decimal) -> bool:
    """The ledger counts a part of a millionth of a millionth of a dollar as a whole one."""
    return one is not None and other <= one <= other + Decimal("1e-12")


# A life in one stretch --------------------------------------------------------------------------------------------------


async def test_a_cache_stays_reserved_for_its_whole_life_until_it_is_deleted(books: Books) -> None:
    cache = await books.keep()
    [row] = books.rows("caches.create")
    most = written(cache) + stored(cache, 10 * MINUTE)
    assert (row.state, row.cost_usd) == ("reserved", None)
    assert row.reserved_usd >= most
    assert books.ledger.standing(Money.SIMULATED, "run1").unsettled == row.reserved_usd

    books.bench.tenant.advance(90)
    await books.gateway.caches.delete(cache.id)
    [row] = books.rows("caches.create")
    assert (row.state, row.usage) == ("settled", Usage(cache_write_5m_tokens=cache.tokens))
    assert close(row.cost_usd, written(cache) + stored(cache, timedelta(seconds=90)))
    assert (row.priced, row.over_reserved) == (True, False)
    [late] = [event for event in books.bench.events if event.late]
    assert (late.operation, late.usage, late.exchanges) == ("caches.create", None, ())
    assert late.cost_usd is not None
    assert close(row.cost_usd, late.cost_usd)
    standing = books.ledger.standing(Money.SIMULATED, "run1", "a scenario")
    assert (standing.settled, standing.unsettled) == (row.cost_usd, 0)


async def test_storage_stops_at_the_deletion(books: Books) -> None:
    cache = await books.keep()
    books.bench.tenant.advance(60)
    assert (await books.gateway.caches.storage(cache.id)).time == MINUTE
    await books.gateway.caches.delete(cache.id)
    books.bench.tenant.advance(3600)
    assert await books.gateway.caches.storage(cache.id) == Storage(
        tokens=cache.tokens, time=MINUTE, cost_usd=stored(cache, MINUTE)
    )


async def test_an_expired_cache_is_settled_for_its_life_and_no_more(books: Books) -> None:
    cache = await books.keep()
    books.bench.tenant.advance(24 * 3600)
    assert (await books.gateway.caches.storage(cache.id)).time == 10 * MINUTE
    assert books.states()["caches.create"] == ["reserved"]
    with pytest.raises(NotFound):
        await books.gateway.caches.delete(cache.id)
    [row] = books.rows("caches.create")
    assert row.state == "settled"
    assert close(row.cost_usd, written(cache) + stored(cache, 10 * MINUTE))


async def test_a_deletion_that_fails_otherwise_settles_nothing(books: Books) -> None:
    cache = await books.keep()
    books.bench.tenant.advance(60)
    books.bench.tenant.faults({"operation": "caches.delete", "times": 4, "do": {"status": 500}})
    with pytest.raises(ServerError):
        await books.gateway.caches.delete(cache.id)
    assert books.states()["caches.create"] == ["reserved"]
    before = (await books.gateway.caches.storage(cache.id)).time
    books.bench.tenant.advance(30)
    assert (await books.gateway.caches.storage(cache.id)).time == before + timedelta(seconds=30)
    await books.gateway.caches.delete(cache.id)
    assert books.states()["caches.create"] == ["settled"]


async def test_a_second_deletion_settles_nothing_twice(books: Books) -> None:
    cache = await books.keep()
    books.bench.tenant.advance(60)
    await books.gateway.caches.delete(cache.id)
    [before] = books.rows("caches.create")
    books.bench.tenant.advance(60)
    with pytest.raises(NotFound):
        await books.gateway.caches.delete(cache.id)
    assert books.rows("caches.create") == [before]


async def test_a_refused_cache_costs_nothing(books: Books) -> None:
    with pytest.raises(NotFound):
        await books.keep(model="gemini-nonexistent-flash")
    [row] = books.rows("caches.create")
    assert (row.state, row.cost_usd or 0) == ("released", 0)
    assert sum(books.ledger.standing(Money.SIMULATED, "run1")) == 0


async def test_what_another_made_is_on_its_bill_and_not_on_ours(books: Books, bench: Bench, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "of another") as other:
        cache = await Books(bench, other, Caps()).keep()
        await books.gateway.caches.update(cache.id, ttl=HOUR)
        await books.gateway.caches.delete(cache.id)
        with pytest.raises(LookupError):
            await books.gateway.caches.storage(cache.id)
    assert sum(books.ledger.standing(Money.SIMULATED, "run1")) == 0
    assert [row.reserved_usd for row in books.rows("caches.update")] == [0]


# A life in several ------------------------------------------------------------------------------------------------------


async def test_an_update_ends_one_stretch_and_begins_another(books: Books) -> None:
    cache = await books.keep()
    books.bench.tenant.advance(100)
    await books.gateway.caches.update(cache.id, ttl=HOUR)
    assert books.states() == {"caches.create": ["settled"], "caches.update": ["reserved"]}
    [first], [second] = books.rows("caches.create"), books.rows("caches.update")
    assert close(first.cost_usd, written(cache) + stored(cache, timedelta(seconds=100)))
    assert close(second.reserved_usd, stored(cache, HOUR))

    books.bench.tenant.advance(200)
    await books.gateway.caches.delete(cache.id)
    [second] = books.rows("caches.update")
    assert (second.state, second.usage) == ("settled", Usage())
    assert close(second.cost_usd, stored(cache, timedelta(seconds=200)))
    whole = await books.gateway.caches.storage(cache.id)
    assert (whole.tokens, whole.time) == (cache.tokens, timedelta(seconds=300))
    assert close(whole.cost_usd, stored(cache, timedelta(seconds=300)))


async def test_a_shorter_life_is_settled_at_its_own_end(books: Books) -> None:
    cache = await books.keep(ttl=HOUR)
    await books.gateway.caches.update(cache.id, ttl=MINUTE)
    await books.gateway.caches.update(cache.id, expires_at=books.bench.tenant.now() + 2 * MINUTE)
    books.bench.tenant.advance(3600)
    with pytest.raises(NotFound):
        await books.gateway.caches.delete(cache.id)
    assert books.states() == {"caches.create": ["settled"], "caches.update": ["settled", "settled"]}
    none, last = books.rows("caches.update")
    assert none.cost_usd == 0
    assert close(last.cost_usd, stored(cache, 2 * MINUTE))


async def test_an_update_that_is_refused_leaves_the_first_bill_open(books: Books) -> None:
    cache = await books.keep(ttl=MINUTE)
    books.bench.tenant.advance(61)
    with pytest.raises(NotFound):
        await books.gateway.caches.update(cache.id, ttl=HOUR)
    assert books.states() == {"caches.create": ["reserved"], "caches.update": ["released"]}
    assert (await books.gateway.caches.storage(cache.id)).time == MINUTE


async def test_a_life_that_no_budget_allows_is_not_begun(bench: Bench, ledger: Ledger) -> None:
    books = Books(bench, ledger, Caps(scenario=Decimal("0.01")))
    cache = await books.keep()
    sent = len(bench.wire.exchanges)
    with pytest.raises(BudgetExceeded):
        await books.gateway.caches.update(cache.id, ttl=timedelta(days=365))
    with pytest.raises(BudgetExceeded):
        await books.keep(ttl="315576000000s")
    counted = [exchange.path for exchange in bench.wire.exchanges[sent:]]
    assert all(path.endswith(":countTokens") for path in counted)
    assert (await books.gateway.caches.get(cache.id)).expires_at == cache.expires_at


async def test_questions_are_settled_beside_the_cache(books: Books) -> None:
    cache = await books.keep()
    asked = (Message(role="user", text="Answer exactly: yes"),)
    answer = await books.gateway.chat.ask(
        asked, model=MODEL, max_output_tokens=50, cache=CacheReference(cache_id=cache.id)
    )
    [row] = books.rows("chat.create")
    assert (row.state, row.usage, row.cost_usd) == (
        "settled",
        answer.usage,
        price(Provider.GEMINI, MODEL, answer.usage),
    )
    assert row.usage.cache_read_tokens == cache.tokens
    assert row.reserved_usd >= (row.cost_usd or 0)


# A process that ends ----------------------------------------------------------------------------------------------------


def test_a_killed_process_leaves_its_cache_reserved_and_nobody_waits_for_it(tenant: Tenant, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.gateway.keeper", tenant.url, tenant.keys["Gemini"], str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        made = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert tenant.state()["inventory"] == {"Gemini": {"cachedContents": [made]}}
    with Ledger.open(tmp_path) as ledger:
        [row] = History(ledger).calls("killed")
        assert (row.operation, row.state) == ("caches.create", "reserved")
        standing = ledger.standing(Money.SIMULATED, "killed")
        assert (standing.settled, standing.unsettled) == (0, row.reserved_usd)
        asked = Entry("killed", "", "caching", "CC-01", Provider.GEMINI, MODEL, "chat.create", Money.SIMULATED)
        refused = ledger.reserve(asked, row.reserved_usd, Caps(run=row.reserved_usd))
        assert isinstance(refused, Refusal)
        assert refused.worth_waiting is False


# The bound --------------------------------------------------------------------------------------------------------------


def keeping(provider: Provider, model: str, kept_tokens: int | None = None) -> Operation:
    bound = Bound(input_tokens=1000, output_tokens=0, kept_for=2 * HOUR, kept_tokens=kept_tokens)
    return Operation(provider, "caches.create", Repeat.IF_ABSENT, model=model, bound=bound)


@pytest.mark.parametrize(("kept_tokens", "stored_tokens"), [(None, 1000), (300, 300), (0, 0)])
async def test_the_bound_has_the_storage_of_what_is_kept(
    ledger: Ledger, kept_tokens: int | None, stored_tokens: int
) -> None:
    purse = LedgerPurse(ledger, account(Money.LIVE), Caps())
    await purse.reserve(keeping(Provider.GEMINI, MODEL, kept_tokens))
    [row] = History(ledger).calls("run1")
    tokens = upper_bound(Provider.GEMINI, MODEL, 1000, 0)
    assert tokens is not None
    assert row.reserved_usd == tokens + 2 * STORAGE_RATE * stored_tokens / 1_000_000


async def test_a_model_whose_storage_has_no_price_is_refused_live_unless_it_is_named(ledger: Ledger) -> None:
    operation = keeping(Provider.OPENAI, "gpt-6-luna")
    assert upper_bound(Provider.OPENAI, "gpt-6-luna", 1000, 0) is not None
    assert storage_price(Provider.OPENAI, "gpt-6-luna", 1000, HOUR) is None
    with pytest.raises(UnknownPrice) as refused:
        await LedgerPurse(ledger, account(Money.LIVE), Caps()).reserve(operation)
    assert (refused.value.provider, refused.value.operation) == (Provider.OPENAI, "caches.create")
    assert History(ledger).calls("run1") == []
    named = LedgerPurse(ledger, account(Money.LIVE), Caps(), may_be_unpriced=["gpt-6-luna"])
    held = await named.reserve(operation)
    named.settle_kept(held, Usage(cache_write_5m_tokens=900), Storage(tokens=900, time=HOUR, cost_usd=None), 1)
    ledger.flush()
    [row] = History(ledger).calls("run1")
    assert (row.state, row.cost_usd, row.priced) == ("settled", None, False)
    assert [model.model for model in History(ledger).unpriced("run1")] == ["gpt-6-luna"]


async def test_a_kept_call_is_settled_with_tokens_and_storage_together(ledger: Ledger) -> None:
    purse = LedgerPurse(ledger, account(), Caps())
    usage, kept = Usage(cache_write_5m_tokens=900), Storage(tokens=900, time=HOUR, cost_usd=Decimal("0.0009"))
    held = await purse.reserve(keeping(Provider.GEMINI, MODEL))
    purse.keep(held, 1)
    assert [row.state for row in History(ledger).calls("run1")] == ["reserved"]
    settled = purse.settle_kept(held, usage, kept, 2)
    ledger.flush()
    [row] = History(ledger).calls("run1")
    tokens = price(Provider.GEMINI, MODEL, usage)
    assert tokens is not None
    assert settled == (row.cost_usd, False)
    assert (row.state, row.usage, row.attempts, row.cost_usd) == ("settled", usage, 2, tokens + Decimal("0.0009"))
