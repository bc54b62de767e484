"""The routes of permissions: which other projects may use a tuned model (openai.yaml).

Unverified throughout, for want of a recording. The provider asks for an administrator's key here; a tenant's key may do
everything, and there are no other projects that could use what was shared.
"""

from __future__ import annotations

from support.simulator import ids
from support.simulator.openai import checks, fine_tuning_shown
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.fine_tuning import Permission
from support.simulator.openai.fine_tuning_pages import page
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

_ORDERS = ("ascending", "descending")
_USUAL_LIMIT = 10


def create(state: OpenAIState, call: Call) -> Answer:
    held = _held(state, call)
    checks.check(call.body, {"project_ids": Rule("array")})
    projects = call.body.get("project_ids")
    if projects is None:
        raise checks.missing("project_ids")
    if not projects:
        raise checks.empty_array("project_ids")
    for number, project in enumerate(projects):
        checks.expect(project, "string", f"project_ids[{number}]")
    now = int(call.now.timestamp())
    made = [Permission(f"cp_{ids.token(24)}", now, project) for project in projects]
    held.update((permission.id, permission) for permission in made)
    listed = {
        "object": "list",
        "data": [fine_tuning_shown.permission(permission) for permission in made],
        "has_more": False,
        "first_id": made[0].id,
        "last_id": made[-1].id,
    }
    return Answer(200, listed)


def list_permissions(state: OpenAIState, call: Call) -> Answer:
    order = call.one("order") or "descending"
    if order not in _ORDERS:
        raise checks.invalid_value(order, _ORDERS, "order")
    project = call.one("project_id")
    found = page(
        call,
        _USUAL_LIMIT,
        _held(state, call),
        fine_tuning_shown.permission,
        lambda permission: project in (None, permission.project_id),
        oldest_first=order == "ascending",
    )
    return Answer(200, found)


def delete(state: OpenAIState, call: Call) -> Answer:
    permission_id = call.params["permission_id"]
    if _held(state, call).pop(permission_id, None) is None:
        raise refusal(404, f"Could not find checkpoint permission: {permission_id}", param="permission_id")
    return Answer(200, {"object": "checkpoint.permission", "id": permission_id, "deleted": True})


def _held(state: OpenAIState, call: Call) -> dict[str, Permission]:
    """The permissions of the model that the path names."""
    state.fine_tuning.settle(state.files, call.now.timestamp())
    name = call.params["checkpoint"]
    if state.fine_tuning.find(name) is None:
        raise refusal(404, f"The model '{name}' does not exist", param="model", code="model_not_found")
    return state.fine_tuning.permissions.setdefault(name, {})


_ALL = "/v1/fine_tuning/checkpoints/{checkpoint}/permissions"
ROUTES = (
    Route("POST", _ALL, "fine_tuning.permissions.create", create, "json"),
    Route("GET", _ALL, "fine_tuning.permissions.list", list_permissions),
    Route("DELETE", f"{_ALL}/{{permission_id}}", "fine_tuning.permissions.delete", delete),
)
