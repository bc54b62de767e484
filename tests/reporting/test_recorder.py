"""What calls took, added up: simulated and live dollars apart, small amounts not rounded to nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from support.reporting.recorder import Recorder, Tally, in_dollars
from support.values import Money, Usage
from tests.reporting import fake_calls


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0.00"), ("12.346", "$12.35"), ("0.25", "$0.25"), ("0.0012", "$0.0012"), ("0.000000314", "$0.00000031")],
)
def test_dollars(amount, shown):
    assert in_dollars(Decimal(amount)) == shown


def test_money_of_two_kinds_is_not_added():
    tally = Tally()
    tally.add(fake_calls.event(cost="0.10"))
    tally.add(fake_calls.event(cost="0.20", money=Money.LIVE))
    tally.add(fake_calls.event(unpriced=True))
    assert tally.cost == "$0.20 live, $0.10 simulated, 1 unpriced"


def test_a_late_cost_is_added_to_a_call_that_was_counted():
    tally = Tally()
    tally.add(fake_calls.event(usage=Usage(uncached_input_tokens=7)))
    tally.add(replace(fake_calls.event(cost="0.30"), late=True))
    assert (tally.calls, tally.cost, tally.input_tokens) == (1, "$0.30 simulated", 7)


def test_events_go_to_who_subscribed():
    recorder, heard = Recorder(), []
    recorder.on_call(fake_calls.chat())
    recorder.subscribe(heard.append)
    call = fake_calls.chat()
    recorder.on_call(call)
    recorder.unsubscribe(heard.append)
    recorder.unsubscribe(heard.append)
    recorder.on_call(fake_calls.chat())
    assert heard == [call]
