"""Several providers together: asked side by side, one in another's place, or one after the other; and what each of them can do.

`side_by_side(routes, messages, …)`, `Failover(routes, clock).ask(…)`, `topic_workflow(…).run()`, `cells()` and `probe(cell, gateway)`
are the ways in; `matrix` shows what `cells` says.
"""

from support.gateway.several.circuit import Circuit
from support.gateway.several.comparing import (
    Answered,
    Comparison,
    Embedded,
    EmbeddingComparison,
    embeddings_side_by_side,
    nearest_first,
    side_by_side,
)
from support.gateway.several.failover import Attempt, Failover, Routed
from support.gateway.several.judging import Cell, cell, cells, demand, model_cells
from support.gateway.several.probing import Probed, probe
from support.gateway.several.routes import Route
from support.gateway.several.topic import Ranked, topic_workflow, writer_step
from support.gateway.several.workflow import Done, Step, Traced, Workflow, WorkflowResult

__all__ = [
    "Answered",
    "Attempt",
    "Cell",
    "Circuit",
    "Comparison",
    "Done",
    "Embedded",
    "EmbeddingComparison",
    "Failover",
    "Probed",
    "Ranked",
    "Route",
    "Routed",
    "Step",
    "Traced",
    "Workflow",
    "WorkflowResult",
    "cell",
    "cells",
    "demand",
    "embeddings_side_by_side",
    "model_cells",
    "nearest_first",
    "probe",
    "side_by_side",
    "topic_workflow",
    "writer_step",
]
