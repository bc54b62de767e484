"""Work that ends after its call did, in a real ledger and a real journal: reserved in full, then settled once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from support.errors import InvalidRequest, ServerError, TouchstoneError
from support.gateway.call import Bill, Bound, ChokePoint, Operation
from support.gateway.events import Account, CallEvent
from support.gateway.exchanges import Wire
from support.gateway.purse import LedgerPurse
from support.gateway.retry import Repeat
from support.gateway.runs import Bills
from support.journal import Journal, Resource, ScenarioRegister, Target
from support.ledger import Call, Caps, Entry, History, Ledger, Refusal, price, upper_bound
from support.values import Money, Provider, Usage

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
ACCOUNT = Account("run1", "a scenario", "assistants", "AB-06", Money.SIMULATED)
USAGE = Usage(uncached_input_tokens=300, output_tokens=20)
FEES = Decimal("0.0325")


class StillClock:
    async def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        return None


@dataclass
class Books:
    """A choke point over a real ledger and a real journal."""

    ledger: Ledger
    register: ScenarioRegister
    events: list[CallEvent] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.choke = self.open()

    def open(self, caps: Caps | None = None) -> ChokePoint:
        return ChokePoint(
            account=ACCOUNT,
            clock=StillClock(),
            purse=LedgerPurse(self.ledger, ACCOUNT, caps or Caps()),
            register=self.register,
            wire=Wire(),
            listeners=[self.events.append],
            attempts=2,
        )

    async def begin(self, send: Callable[[], Awaitable[str]] | None = None) -> str:
        """A run is ordered: the call ends at once, and the work goes on."""
        return await self.choke.call(order(), send or made, same, billed=lambda _, bill: self.bills.append(bill))

    def row(self) -> Call:
        self.ledger.flush()
        (row,) = History(self.ledger).calls("run1")
        return row

    def late(self) -> list[tuple[Usage | None, Decimal | None, bool]]:
        """What the listeners were told after the call."""
        return [(event.usage, event.cost_usd, event.unpriced) for event in self.events if event.late]

    def open_resources(self) -> list[Resource]:
        return self.register.open_resources()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with Ledger.open(tmp_path) as ledger, Journal.open(tmp_path) as journal:
        run = journal.begin_run("run1", Target(name="simulator"), worker=ledger.worker)
        yield Books(ledger, run.scenario("a scenario", "tenant-1"))
        run.end()


def order(model: str | None = MODEL) -> Operation:
    return Operation(Provider.OPENAI, "runs.create", Repeat.IF_REFUSED, model=model, bound=Bound(1000, 100))


async def made() -> str:
    return "run_1"


def same(error: Exception) -> TouchstoneError:
    assert isinstance(error, TouchstoneError)
    return error


def highest() -> Decimal:
    most = upper_bound(Provider.OPENAI, MODEL, 1000, 100)
    assert most is not None
    return most


def of_tokens(usage: Usage) -> Decimal:
    cost = price(Provider.OPENAI, MODEL, usage)
    assert cost is not None
    return cost


# A call ---------------------------------------------------------------------------------------------------------------


async def test_until_it_ends_it_is_reserved_in_full(books: Books) -> None:
    assert await books.begin() == "run_1"
    row = books.row()
    assert (row.state, row.reserved_usd, row.cost_usd) == ("reserved", highest(), None)
    standing = books.ledger.standing(Money.SIMULATED, "run1")
    assert (standing.settled, standing.unsettled) == (Decimal(0), highest())
    assert [(event.operation, event.usage, event.cost_usd, event.late) for event in books.events] == [
        ("runs.create", None, None, False)
    ]


async def test_nobody_waits_for_what_it_holds(books: Books) -> None:
    await books.begin()
    entry = Entry("run1", "a scenario", "assistants", "", Provider.OPENAI, MODEL, "runs.create", Money.SIMULATED)
    refused = books.ledger.reserve(entry, Decimal("0.000001"), Caps(run=highest()))
    assert isinstance(refused, Refusal)
    assert not refused.worth_waiting


async def test_its_end_puts_tokens_and_fees_in_the_place_of_what_was_reserved(books: Books) -> None:
    await books.begin()
    books.bills[0].settle_work(USAGE, FEES)
    row, cost = books.row(), of_tokens(USAGE) + FEES
    assert (row.state, row.cost_usd, row.usage, row.priced) == ("settled", cost, USAGE, True)
    standing = books.ledger.standing(Money.SIMULATED, "run1")
    assert (standing.settled, standing.unsettled) == (cost, Decimal(0))
    assert books.late() == [(USAGE, cost, False)]
    assert len(books.events) == 2
    assert books.events[1].exchanges == ()


async def test_without_fees_it_costs_its_tokens(books: Books) -> None:
    await books.begin()
    books.bills[0].settle_work(USAGE)
    assert books.row().cost_usd == of_tokens(USAGE)


async def test_more_than_was_reserved_is_charged_and_flagged(books: Books) -> None:
    await books.begin()
    books.bills[0].settle_work(USAGE, highest())
    row = books.row()
    assert (row.cost_usd, row.over_reserved) == (of_tokens(USAGE) + highest(), True)


async def test_a_fee_that_nobody_knows_leaves_the_reservation_as_the_price(books: Books) -> None:
    await books.begin()
    books.bills[0].settle_work(USAGE, None)
    row = books.row()
    assert (row.state, row.cost_usd, row.priced, row.usage) == ("settled", None, False, USAGE)
    assert books.ledger.standing(Money.SIMULATED, "run1").settled == highest()
    assert books.late() == [(USAGE, None, True)]


async def test_a_second_settlement_is_refused_and_changes_nothing(books: Books) -> None:
    await books.begin()
    books.bills[0].settle_work(USAGE, FEES)
    row, told = books.row(), len(books.events)
    with pytest.raises(ValueError, match="settled"):
        books.bills[0].settle_work(Usage(output_tokens=9), Decimal(1))
    assert (books.row(), len(books.events)) == (row, told)


async def test_whoever_sees_the_end_again_settles_nothing_again(books: Books) -> None:
    await books.begin()
    bills = Bills()
    bills.begun("run_1", books.bills[0])
    for _ in range(3):
        bills.ended("run_1", USAGE, FEES)
    assert (books.row().cost_usd, len(books.late())) == (of_tokens(USAGE) + FEES, 1)


async def test_an_end_without_figures_counts_as_spent(books: Books) -> None:
    await books.begin()
    bills = Bills()
    bills.begun("run_1", books.bills[0])
    bills.ended("run_1", None)
    assert (books.row().state, books.late()) == ("reserved", [])
    assert books.ledger.standing(Money.SIMULATED, "run1").unsettled == highest()


async def test_an_order_that_was_refused_is_nobodys_bill(books: Books) -> None:
    async def send() -> str:
        raise InvalidRequest("no such thread", status=400)

    with pytest.raises(InvalidRequest):
        await books.begin(send)
    row = books.row()
    assert (row.state, row.cost_usd) == ("released", Decimal(0))
    assert books.bills == []


async def test_an_order_with_an_unclear_end_counts_as_spent_without_a_bill(books: Books) -> None:
    async def send() -> str:
        raise ServerError("cut", code="connection_cut")

    with pytest.raises(ServerError):
        await books.begin(send)
    assert (books.row().state, books.bills) == ("reserved", [])


async def test_several_are_settled_each_for_itself_in_any_order(books: Books) -> None:
    for _ in range(3):
        await books.begin()
    for number in (1, 0, 2):
        books.bills[number].settle_work(Usage(output_tokens=number + 1))
    books.ledger.flush()
    rows = sorted(History(books.ledger).calls("run1"), key=lambda row: row.number)
    assert [row.usage.output_tokens for row in rows] == [1, 2, 3]


# A stream -------------------------------------------------------------------------------------------------------------


async def stream(books: Books, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    def usage_of(piece: str) -> Usage | None:
        return USAGE if piece == "end" else None

    async for piece in books.choke.stream(order(), lambda: pieces, same, usage_of=usage_of, billed=books.bills.append):
        yield piece


async def saying(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def test_a_streams_bill_comes_after_its_last_piece(books: Books) -> None:
    async for _ in stream(books, saying("a", "b", "end")):
        assert books.bills == []
    assert (books.row().state, len(books.bills)) == ("reserved", 1)
    books.bills[0].settle_work(USAGE, FEES)
    assert (books.row().state, books.row().cost_usd) == ("settled", of_tokens(USAGE) + FEES)
    assert books.late() == [(USAGE, of_tokens(USAGE) + FEES, False)]


async def test_a_stream_without_figures_has_a_bill_too(books: Books) -> None:
    assert [piece async for piece in stream(books, saying("a"))] == ["a"]
    assert (books.row().state, len(books.bills), books.events[0].usage) == ("reserved", 1, None)


async def test_a_stream_that_breaks_has_none_and_counts_as_spent(books: Books) -> None:
    async def breaking() -> AsyncIterator[str]:
        yield "a"
        raise ServerError("cut", code="connection_cut")

    with pytest.raises(ServerError):
        [piece async for piece in stream(books, breaking())]
    assert (books.bills, len(books.events)) == ([], 1)


async def test_a_stream_that_its_reader_leaves_has_none_and_counts_as_spent(books: Books) -> None:
    pieces = books.choke.stream(
        order(), lambda: saying("a", "b"), same, usage_of=lambda piece: None, billed=books.bills.append
    )
    async for _ in pieces:
        break
    await pieces.aclose()  # type: ignore[attr-defined]
    assert (books.row().state, books.bills) == ("reserved", [])


# What came along ------------------------------------------------------------------------------------------------------


async def test_what_the_provider_made_on_its_own_is_journalled_once(books: Books) -> None:
    for _ in range(3):
        books.choke.adopt(Provider.OPENAI, "file", "file-1")
    (entry,) = books.open_resources()
    assert (entry.provider, entry.kind, entry.remote_id, entry.scenario) == (
        Provider.OPENAI,
        "file",
        "file-1",
        "a scenario",
    )
    assert entry.marker.startswith("ts-run1-")


async def test_another_kind_or_id_is_another_thing(books: Books) -> None:
    for kind, id in (("file", "file-1"), ("file", "file-2"), ("container", "file-1"), ("file", "file-1")):
        books.choke.adopt(Provider.OPENAI, kind, id)
    entries = [(entry.kind, entry.remote_id) for entry in reversed(books.open_resources())]
    assert entries == [("file", "file-1"), ("file", "file-2"), ("container", "file-1")]


async def test_what_was_removed_since_is_not_journalled_again(books: Books) -> None:
    books.choke.adopt(Provider.OPENAI, "file", "file-1")
    books.register.removed(Provider.OPENAI, "file", "file-1")
    books.choke.adopt(Provider.OPENAI, "file", "file-1")
    assert books.open_resources() == []
