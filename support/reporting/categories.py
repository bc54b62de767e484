"""What kind of trouble a result is: one prefix of its message for each kind, and Allure's categories, which match on it."""

from dataclasses import dataclass

from support.errors import BudgetExceeded, LocalFileMissing, TouchstoneError, UnknownPrice

PROVIDER_ERROR = "Provider error: "
"""A provider refused or failed; also the start of the sentence about a stored error that no step looked at."""
BUDGET = "Budget: "
"""A limit of the user's money kept a call from being sent."""
LEFT_BEHIND = "Left behind: "
"""After the scenario, something it made is still there."""
CLEANING_FAILED = "Cleaning up failed: "
"""Removing what the scenario made was refused."""
NOTHING_CHECKED = "Nothing checked: "
"""The scenario asked no provider for anything, or asserted nothing."""
INTERRUPTED = "Interrupted: "
"""The run was stopped while the scenario was under way."""

_PREFIXES = (PROVIDER_ERROR, BUDGET, LEFT_BEHIND, CLEANING_FAILED, NOTHING_CHECKED, INTERRUPTED)


def prefix_of(error: BaseException) -> str:
    """The prefix that the message about an error begins with; empty for what no provider or limit caused."""
    if isinstance(error, BudgetExceeded | UnknownPrice):
        return BUDGET
    if isinstance(error, TouchstoneError) and not isinstance(error, LocalFileMissing):
        return PROVIDER_ERROR
    return ""


@dataclass(frozen=True, slots=True)
class Category:
    """One of Allure's categories; `pattern` fits both its engines: Java's, which matches the whole message, and JavaScript's."""

    name: str
    statuses: tuple[str, ...]
    pattern: str

    def as_json(self) -> dict[str, object]:
        """The form of `categories.json`, which Allure 3's configuration takes as well."""
        return {"name": self.name, "matchedStatuses": list(self.statuses), "messageRegex": self.pattern}


def _starts_with(*prefixes: str) -> str:
    return rf"^(?:{'|'.join(prefixes)})[\s\S]*$"


_ANYTHING_ELSE = rf"^(?!{'|'.join(_PREFIXES)})[\s\S]*$"
_ANY = ("failed", "broken")

CATEGORIES = (
    Category("Wrong answer", ("failed",), _ANYTHING_ELSE),
    Category("Provider refused", _ANY, _starts_with(PROVIDER_ERROR)),
    Category("Budget", _ANY, _starts_with(BUDGET)),
    Category("Cleanup", _ANY, _starts_with(LEFT_BEHIND, CLEANING_FAILED)),
    Category("Suite error", ("broken",), _ANYTHING_ELSE),
    Category("Suite error", _ANY, _starts_with(NOTHING_CHECKED)),
    Category("Interrupted", _ANY, _starts_with(INTERRUPTED)),
)
