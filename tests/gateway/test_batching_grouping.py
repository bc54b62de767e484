"""Groups of requests: within the budget, in order, nothing lost and nothing twice, and a grouper of the caller's held to it."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import InvalidRequest
from support.gateway.batching import by_model, by_number, by_tokens, grouped
from support.values import BatchRequest
from tests.gateway.batch_asks import request, requests

SIZES = (400, 300, 300, 500, 501, 1500, 1000, 1, 998, 2)
"""Ten requests; a budget of 1,000 takes them in seven groups."""


def ids(group: Sequence[BatchRequest]) -> list[str]:
    return [one.id for one in group]


def test_known_sizes_give_the_expected_groups() -> None:
    sizes = {f"r{number}": size for number, size in enumerate(SIZES)}
    groups = by_tokens(requests(10), budget=1000, sizes=sizes)
    assert [(ids(group.requests), group.tokens, group.over_budget) for group in groups] == [
        (["r0", "r1", "r2"], 1000, False),
        (["r3"], 500, False),
        (["r4"], 501, False),
        (["r5"], 1500, True),
        (["r6"], 1000, False),
        (["r7", "r8"], 999, False),
        (["r9"], 2, False),
    ]


@given(st.lists(st.integers(0, 120), max_size=40), st.integers(1, 100))
def test_nothing_lost_nothing_twice_nothing_over_budget(sizes: list[int], budget: int) -> None:
    asked = requests(len(sizes))
    groups = by_tokens(iter(asked), budget=budget, sizes=lambda one: sizes[int(one.id[1:])])
    assert [one for group in groups for one in group.requests] == asked
    for group in groups:
        assert group.tokens == sum(sizes[int(one.id[1:])] for one in group.requests)
        assert group.over_budget == (group.tokens > budget)
        assert not group.over_budget or len(group.requests) == 1
    for one, next_ in pairwise(groups):
        assert one.tokens + sizes[int(next_.requests[0].id[1:])] > budget


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_one_model_a_group(models: list[str]) -> None:
    asked = [request(f"r{number}", model) for number, model in enumerate(models)]
    groups = by_model(asked)
    assert [group[0].model for group in groups] == list(dict.fromkeys(models))
    for group in groups:
        assert list(group) == [one for one in asked if one.model == group[0].model]


@given(st.integers(0, 50), st.integers(1, 60))
def test_as_many_a_group(count: int, most: int) -> None:
    groups = list(by_number(iter(requests(count)), most))
    assert [one for group in groups for one in group] == requests(count)
    assert all(len(group) == most for group in groups[:-1])
    assert all(0 < len(group) <= most for group in groups)


def test_the_callers_own_grouper_is_asked() -> None:
    groups = grouped(requests(4), lambda given_: [given_[2:], [], given_[:2]])
    assert [ids(group) for group in groups] == [["r2", "r3"], ["r0", "r1"]]


@pytest.mark.parametrize(
    ("grouper", "words"),
    [
        (lambda given_: [given_[:2]], "'r2' is in no group"),
        (lambda given_: [given_, given_[1:2]], "'r1' is in 2 groups"),
        (lambda given_: [[*given_, given_[0]]], "'r0' is in 2 groups"),
        (lambda given_: [given_, [request("new")]], "'new' was never given"),
        (lambda given_: [given_[1:], [request("r0", "other")]], "'r0' is not as it was given"),
        (lambda given_: [], "'r0' is in no group"),
    ],
)
def test_a_grouper_that_loses_or_repeats_is_refused(grouper: object, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        grouped(requests(3), grouper)  # type: ignore[arg-type]
    assert caught.value.param == "grouper"


def test_sizes_and_budgets_that_cannot_be_right() -> None:
    with pytest.raises(InvalidRequest, match="budget: must be 1 or more, not 0"):
        by_tokens(requests(1), budget=0, sizes={})
    with pytest.raises(InvalidRequest, match="'r1' has no size"):
        by_tokens(requests(2), budget=5, sizes={"r0": 1})
    with pytest.raises(InvalidRequest, match="'r0' has -1"):
        by_tokens(requests(1), budget=5, sizes=lambda _: -1)
    with pytest.raises(InvalidRequest, match="most: must be 1 or more"):
        list(by_number(requests(2), 0))
