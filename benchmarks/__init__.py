"""Measures, each beside a reference that runs in turn with it: `python -m benchmarks`."""
