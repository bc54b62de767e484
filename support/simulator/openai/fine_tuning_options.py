"""What a request for a fine-tuning job may carry (provider-facts 8.1; recordings: fine-tuning create; openai.yaml).

Unverified, for want of a recording: the words of all refusals here, that `method` wins over the old `hyperparameters`, and
that a reinforcement job needs a validation file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.simulator import ids
from support.simulator.openai import checks
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.fine_tuning_models import METHODS
from support.simulator.openai.vector_store_requests import metadata

LONGEST_SUFFIX = 64
LARGEST_SEED = 2_147_483_647
MOST_INTEGRATIONS = 5
USUAL_BETA = 0.1

RULES: dict[str, Rule] = {
    "model": Rule("string"),
    "training_file": Rule("string"),
    "validation_file": Rule("string"),
    "suffix": Rule("string"),
    "seed": Rule("integer", 0, LARGEST_SEED),
    "method": Rule("object"),
    "hyperparameters": Rule("object"),
    "integrations": Rule("array"),
    "metadata": Rule("object"),
}
_METHOD = {"type": Rule("string", values=METHODS), **{name: Rule("object") for name in METHODS}}
_WANDB = {"project": Rule("string"), "name": Rule("string"), "entity": Rule("string"), "tags": Rule("array")}
# What a grader of each type must say.
_GRADERS: dict[str, tuple[str, ...]] = {
    "string_check": ("name", "input", "reference", "operation"),
    "text_similarity": ("name", "input", "reference", "evaluation_metric"),
    "python": ("name", "source"),
    "score_model": ("name", "input", "model"),
    "multi": ("name", "graders", "calculate_output"),
}


@dataclass(frozen=True, slots=True)
class _Number:
    """A hyperparameter: "auto", or a number in a range; `above` is a bound that it must exceed."""

    whole: bool = True
    low: float | None = None
    high: float | None = None
    above: float | None = None


_COMMON = {
    "n_epochs": _Number(low=1, high=50),
    "batch_size": _Number(low=1, high=256),
    "learning_rate_multiplier": _Number(whole=False, above=0),
}
_HYPERPARAMETERS: dict[str, dict[str, _Number]] = {
    "supervised": _COMMON,
    "dpo": {**_COMMON, "beta": _Number(whole=False, above=0, high=2)},
    "reinforcement": {
        **_COMMON,
        "compute_multiplier": _Number(whole=False, above=0.00001, high=10),
        "eval_interval": _Number(low=1),
        "eval_samples": _Number(low=1),
    },
}
EFFORTS = ("default", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; hyperparameters that were left out are "auto"."""

    model: str
    training_file: str
    validation_file: str | None
    suffix: str | None
    seed: int
    method: str
    hyperparameters: dict[str, Any]
    grader: dict[str, Any] | None
    integrations: list[dict[str, Any]]
    metadata: dict[str, str] | None


def read(body: Mapping[str, Any]) -> Options:
    """Raises a Refusal for the first thing that is wrong."""
    checks.check(body, RULES)
    for name in ("model", "training_file"):
        if body.get(name) is None:
            raise checks.missing(name)
    suffix = body.get("suffix")
    if suffix is not None and len(suffix) > LONGEST_SUFFIX:
        raise checks.too_long("suffix", len(suffix), LONGEST_SUFFIX)
    if suffix == "":
        raise checks.too_short("suffix")
    method, hyperparameters, grader = _method(body)
    if method == "reinforcement" and body.get("validation_file") is None:
        raise checks.missing("validation_file")
    seed = body.get("seed")
    return Options(
        model=body["model"],
        training_file=body["training_file"],
        validation_file=body.get("validation_file"),
        suffix=suffix,
        seed=int(ids.hex_token(8), 16) % (LARGEST_SEED + 1) if seed is None else seed,
        method=method,
        hyperparameters=hyperparameters,
        grader=grader,
        integrations=_integrations(body.get("integrations") or []),
        metadata=None if body.get("metadata") is None else metadata(body["metadata"]),
    )


def _method(body: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """The method's name, all its hyperparameters, and its grader."""
    method = body.get("method")
    if method is None:
        return "supervised", _hyperparameters("supervised", body.get("hyperparameters"), "hyperparameters"), None
    checks.check(method, _METHOD, "method.")
    kind = method.get("type")
    if kind is None:
        raise checks.missing("method.type")
    where = f"method.{kind}"
    details = method.get(kind) or {}
    known = {"hyperparameters": Rule("object")}
    if kind == "reinforcement":
        known["grader"] = Rule("object")
    checks.check(details, known, f"{where}.")
    given = details.get("hyperparameters")
    if given is None and kind == "supervised":
        return kind, _hyperparameters(kind, body.get("hyperparameters"), "hyperparameters"), None
    hyperparameters = _hyperparameters(kind, given, f"{where}.hyperparameters")
    return kind, hyperparameters, _grader(details, where) if kind == "reinforcement" else None


def _hyperparameters(method: str, given: Mapping[str, Any] | None, where: str) -> dict[str, Any]:
    given = given or {}
    known = _HYPERPARAMETERS[method]
    rules = {name: Rule("any") for name in known}
    if method == "reinforcement":
        rules["reasoning_effort"] = Rule("string", values=EFFORTS)
    checks.check(given, rules, f"{where}.")
    found: dict[str, Any] = {}
    for name, number in known.items():
        value = given.get(name)
        found[name] = "auto" if value in (None, "auto") else _number(value, number, f"{where}.{name}")
    if method == "reinforcement":
        found["reasoning_effort"] = given.get("reasoning_effort") or "default"
    if found.get("beta") == "auto":
        found["beta"] = USUAL_BETA  # seen resolved in jobs that never ran (2024-12)
    return found


def _number(value: Any, allowed: _Number, where: str) -> float:
    checks.expect(value, "integer" if allowed.whole else "number", where)
    number: float = value if allowed.whole else float(value)
    if allowed.above is not None and number <= allowed.above:
        raise refusal(
            400,
            f"Invalid '{where}': decimal below minimum value. Expected a value > {allowed.above:g}, but got {value} "
            "instead.",
            param=where,
            code="decimal_below_min_value",
        )
    checks.in_range(number, allowed.low, allowed.high, where)
    return number


def _grader(details: Mapping[str, Any], where: str) -> dict[str, Any]:
    grader = details.get("grader")
    where = f"{where}.grader"
    if grader is None:
        raise checks.missing(where)
    kind = grader.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    checks.expect(kind, "string", f"{where}.type")
    if kind not in _GRADERS:
        raise checks.invalid_value(kind, tuple(_GRADERS), f"{where}.type")
    for name in _GRADERS[kind]:
        if grader.get(name) is None:
            raise checks.missing(f"{where}.{name}")
    return dict(grader)


def _integrations(given: list[Any]) -> list[dict[str, Any]]:
    if len(given) > MOST_INTEGRATIONS:
        raise checks.too_long_array("integrations", len(given), MOST_INTEGRATIONS)
    for number, one in enumerate(given):
        where = f"integrations[{number}]"
        checks.expect(one, "object", where)
        checks.check(one, {"type": Rule("string", values=("wandb",)), "wandb": Rule("object")}, f"{where}.")
        for name in ("type", "wandb"):
            if one.get(name) is None:
                raise checks.missing(f"{where}.{name}")
        checks.check(one["wandb"], _WANDB, f"{where}.wandb.")
        if one["wandb"].get("project") is None:
            raise checks.missing(f"{where}.wandb.project")
        for position, tag in enumerate(one["wandb"].get("tags") or ()):
            checks.expect(tag, "string", f"{where}.wandb.tags[{position}]")
    return given
