"""Many questions asked by the caller itself, and what the caller keeps of a batch that a provider has.

`CallerBatch(asking(gateway), requests, …)` is the way in: iterate over it, or await `outcome()`.
`progress.shown` shows a batch to people; it loads more than the others, and only where it is used.
"""

from support.gateway.batching.benchmark import BatchArm, BatchBenchmark, measure
from support.gateway.batching.callbacks import CallbackFailure, Callbacks
from support.gateway.batching.engine import CallerBatch
from support.gateway.batching.grouping import Group, Grouper, by_model, by_number, by_tokens, grouped
from support.gateway.batching.journal import RunJournal
from support.gateway.batching.limiters import Limiter, Limiters
from support.gateway.batching.outcome import BatchFailed, BatchOutcome, ItemError
from support.gateway.batching.questions import Ask, asking
from support.gateway.batching.resuming import merged, resume, to_send
from support.gateway.batching.submitting import collected, submit_or_resume

__all__ = [
    "Ask",
    "BatchArm",
    "BatchBenchmark",
    "BatchFailed",
    "BatchOutcome",
    "CallbackFailure",
    "Callbacks",
    "CallerBatch",
    "Group",
    "Grouper",
    "ItemError",
    "Limiter",
    "Limiters",
    "RunJournal",
    "asking",
    "by_model",
    "by_number",
    "by_tokens",
    "collected",
    "grouped",
    "measure",
    "merged",
    "resume",
    "submit_or_resume",
    "to_send",
]
