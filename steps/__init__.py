"""Step definitions: one module an area, and what several areas share in common.py. No provider names."""
