"""All measures, one table; exit code 0 also where a target is missed: this measures, `make test` judges.

`python -m benchmarks gateway` (or the name of another of MEASURES) makes one of them alone.
"""

import sys

from benchmarks import (
    batch_reading,
    cache_lookup,
    caching_time,
    failing_over,
    following_events,
    gateway_overhead,
    ingestion,
    long_sessions,
    many_questions,
    run_overhead,
    search,
    simulator_speed,
    simulator_start,
    suite_time,
    training_check,
)
from benchmarks.report import show

MEASURES = {
    "gateway": gateway_overhead.measure,
    "runs": run_overhead.measure,
    "load": simulator_speed.measure,
    "start": simulator_start.measure,
    "suite": suite_time.measure,
    "caching": caching_time.measure,
    "lookup": cache_lookup.measure,
    "search": search.measure,
    "ingestion": ingestion.measure,
    "batches": batch_reading.measure,
    "questions": many_questions.measure,
    "training": training_check.measure,
    "events": following_events.measure,
    "failover": failing_over.measure,
    "sessions": long_sessions.measure,
}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(MEASURES)
    if unknown := [name for name in chosen if name not in MEASURES]:
        sys.exit(f"There is no measure {unknown[0]!r}; there are {', '.join(MEASURES)}.")
    show([figure for name in chosen for figure in MEASURES[name]()])
