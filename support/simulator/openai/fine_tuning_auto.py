"""What stands for `auto` among the hyperparameters of a job once it runs. No HTTP here.

Ten epochs over ten examples, three over a hundred, batch size 1 and the multiplier 1.8 of gpt-4o-mini are quoted of live jobs
(2024); the rest is unverified.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai.fine_tuning_metrics import Run

_FEWEST_SEEN, _MOST_SEEN = 100, 25_000
_USUAL_EPOCHS, _MOST_EPOCHS = 3, 25
_EXAMPLES_A_BATCH = 500
_LARGEST_BATCH = 256


def size(hyperparameters: dict[str, Any], examples: int) -> tuple[int, int]:
    """Epochs and batch size: small files are gone through more often, of large ones more is taken at once."""
    epochs, batch_size = hyperparameters["n_epochs"], hyperparameters["batch_size"]
    if epochs == "auto":
        epochs = _USUAL_EPOCHS
        if examples * epochs < _FEWEST_SEEN:
            epochs = min(_MOST_EPOCHS, _FEWEST_SEEN // examples)
        elif examples * epochs > _MOST_SEEN:
            epochs = max(1, _MOST_SEEN // examples)
    if batch_size == "auto":
        batch_size = min(_LARGEST_BATCH, max(1, examples // _EXAMPLES_A_BATCH))
    return epochs, batch_size


def resolved(hyperparameters: dict[str, Any], run: Run, base: str) -> dict[str, Any]:
    """What stands for each "auto" once a job runs."""
    of = {
        "n_epochs": run.epochs,
        "batch_size": run.batch_size,
        "learning_rate_multiplier": 1.8 if "mini" in base else 2.0,
        "compute_multiplier": 1.0,
        "eval_interval": max(1, run.steps // 10),
        "eval_samples": 2,
    }
    return {name: of.get(name, value) if value == "auto" else value for name, value in hyperparameters.items()}
