"""The routes of OpenAI's models (provider-facts 10; recordings: models list, get, delete).

The account's own tuned models are among them, checkpoints too. Unverified: the refusal to delete a model that the account does
not own.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import models
from support.simulator.openai.errors import refusal
from support.simulator.openai.models import Model
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Refusal, Route


def list_models(state: OpenAIState, call: Call) -> Answer:
    state.fine_tuning.settle(state.files, call.now.timestamp())
    own = [tuned.described() for tuned in state.fine_tuning.models.values()]
    listed = [model for model in models.catalogue().values() if model.listed]
    return Answer(200, {"object": "list", "data": [shown(model) for model in (*listed, *own)]})


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown(_existing(state, call)))


def delete(state: OpenAIState, call: Call) -> Answer:
    model = _existing(state, call)
    if state.fine_tuning.remove(model.id):
        return Answer(200, {"object": "model", "id": model.id, "deleted": True})
    raise refusal(403, f"You have insufficient permissions to delete the model '{model.id}': it is not yours.")


def shown(model: Model) -> dict[str, Any]:
    """The model object, with every key of a live answer of 2026."""
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "shutdown_date": model.shutdown_date,
    }


def _existing(state: OpenAIState, call: Call) -> Model:
    name = call.params["model"]
    model = models.find(name)
    if model is not None:
        return model
    state.fine_tuning.settle(state.files, call.now.timestamp())
    tuned = state.fine_tuning.find(name)
    if tuned is None:
        raise _not_found(name)
    return tuned.described()


def _not_found(name: str) -> Refusal:
    return refusal(404, f"The model '{name}' does not exist", param="model", code="model_not_found")


ROUTES = (
    Route("GET", "/v1/models", "models.list", list_models),
    Route("GET", "/v1/models/{model}", "models.get", get),
    Route("DELETE", "/v1/models/{model}", "models.delete", delete),
)
