"""The table of deviations: named, one-line ways in which a tenant's provider misbehaves. An area adds a module with its own."""

from __future__ import annotations

from collections.abc import Mapping

from support.simulator.deviations.assistants import assistants
from support.simulator.deviations.batches import batches
from support.simulator.deviations.caching import caching
from support.simulator.deviations.deviation import Deviation, Running
from support.simulator.deviations.files import files
from support.simulator.deviations.fine_tuning import fine_tuning
from support.simulator.deviations.general import general
from support.simulator.deviations.knowledge import knowledge
from support.simulator.deviations.runs import runs
from support.simulator.deviations.tools import tools

AREAS = (files, caching, knowledge, assistants, runs, tools, batches, fine_tuning, general)
TABLE: Mapping[str, Deviation] = {deviation.name: deviation for area in AREAS for deviation in area()}

__all__ = ["TABLE", "Deviation", "Running"]
