"""Every message that a failed result can have falls into exactly one category, in both of Allure's engines."""

import re
from decimal import Decimal

import pytest

from support.errors import (
    BudgetExceeded,
    LocalFileMissing,
    NotFound,
    RateLimited,
    SetupError,
    TouchstoneError,
    UnknownPrice,
)
from support.reporting import categories, outcome
from support.values import Provider

LIMITS = {"cap": "run", "limit": Decimal(5), "committed": Decimal(4), "asked": Decimal(2)}


def matching(status, message):
    fits = [one for one in categories.CATEGORIES if status in one.statuses]
    whole = [one.name for one in fits if re.fullmatch(one.pattern, message)]
    assert whole == [one.name for one in fits if re.search(one.pattern, message)]
    return whole


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (AssertionError("The file is still there,\nand listed."), "Wrong answer"),
        (NotFound("No such file.", provider=Provider.OPENAI, operation="files.get"), "Provider refused"),
        (RateLimited("Slow down."), "Provider refused"),
        (BudgetExceeded("It could cost 2.00.", **LIMITS), "Budget"),
        (UnknownPrice("gpt-9 has no price."), "Budget"),
        (LocalFileMissing("handbook.txt does not exist."), "Suite error"),
        (SetupError("The simulator does not answer."), "Suite error"),
        (KeyError("x"), "Suite error"),
        (KeyboardInterrupt(), "Interrupted"),
        (AssertionError(f"{categories.LEFT_BEHIND}file-1"), "Cleanup"),
        (AssertionError(f"{categories.NOTHING_CHECKED}nothing was asked"), "Suite error"),
        (AssertionError(f"{categories.prefix_of(NotFound('x'))}no step looked at it"), "Provider refused"),
        (AssertionError(f"{categories.prefix_of(UnknownPrice('x'))}no step looked at it"), "Budget"),
    ],
)
def test_each_error_has_one_category(error, name):
    ended = outcome.describe(error)
    assert matching(ended.status, ended.message) == [name]


def test_a_failed_clean_up_is_one_of_cleanup():
    assert matching("broken", f"{categories.CLEANING_FAILED}{TouchstoneError('x')}") == ["Cleanup"]


def test_a_local_mistake_is_no_provider_s_fault():
    assert categories.prefix_of(LocalFileMissing("x")) == ""
    assert categories.prefix_of(ValueError("x")) == ""
