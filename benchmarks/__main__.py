"""All measures, one table; exit code 0 also where a target is missed: this measures, `make test` judges."""

from benchmarks import gateway_overhead, simulator_speed, suite_time
from benchmarks.report import show

if __name__ == "__main__":
    show([*gateway_overhead.measure(), *simulator_speed.measure(), *suite_time.measure()])
