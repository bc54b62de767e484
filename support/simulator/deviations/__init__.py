"""The table of deviations: named, one-line ways in which a tenant's provider misbehaves. An area adds a module with its own."""

from __future__ import annotations

from collections.abc import Mapping

from support.simulator.deviations.caching import caching
from support.simulator.deviations.deviation import Deviation, Running
from support.simulator.deviations.files import files
from support.simulator.deviations.knowledge import knowledge

TABLE: Mapping[str, Deviation] = {deviation.name: deviation for deviation in (*files(), *caching(), *knowledge())}

__all__ = ["TABLE", "Deviation", "Running"]
