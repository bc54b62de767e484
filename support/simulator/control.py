"""The control plane under /_simulator/ and the page at /: accounts, their clocks, scripted faults and deviations."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from support.simulator import VERSION, faults
from support.simulator.clock import TenantClock, TimeRunsForward
from support.simulator.deviations import TABLE, Running
from support.simulator.tenants import Tenant, Tenants
from support.simulator.wire import Json, ProviderApi

LONGEST = 1e9
"""Seconds of a duration: some thirty years."""

ProviderName = Literal["OpenAI", "Anthropic", "Gemini"]


class Refused(Exception):
    """The control plane does not take this; the text is one sentence for the caller."""

    def __init__(self, sentence: str, status: int = 422) -> None:
        super().__init__(sentence)
        self.status = status


class Body(BaseModel):
    """What the control plane reads: nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


Limit = Annotated[int, Field(ge=1)]


class NewTenant(Body):
    now: AwareDatetime | None = Field(default=None, strict=False)
    speed: float = Field(default=0, ge=0, le=1e6)
    label: str | None = Field(default=None, max_length=200)
    deviation: str | None = None
    durations: dict[str, float] = Field(default_factory=dict)  # seconds
    latency: float = Field(default=0, ge=0, le=60)  # seconds of real time before every answer
    limits: dict[str, Limit] = Field(default_factory=dict)  # instead of a provider's own


class ClockMove(Body):
    advance: float | None = None  # seconds
    to: AwareDatetime | None = Field(default=None, strict=False)


class DurationsBody(Body):
    durations: dict[str, float]  # seconds; those that are not named stay


class DeviationChoice(Body):
    name: str | None


class FailBody(Body):
    status: int = Field(ge=400, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    message: str | None = None


class SayBody(Body):
    body: Any
    status: int = Field(default=200, ge=200, le=599)


class CutBody(Body):
    cut: Literal[True]


class GarbageBody(Body):
    garbage: Literal[True]


class DelayBody(Body):
    delay_ms: float = Field(ge=0, le=600_000)


class HoldBody(Body):
    hold_until: int = Field(ge=1, le=10_000)
    at_most_ms: float = Field(default=300, ge=0, le=600_000)


class HoldTailBody(Body):
    hold_tail_ms: float = Field(ge=0, le=600_000)


class LoseTailBody(Body):
    lose_tail_bytes: int = Field(ge=1, le=10_000)


class OutcomeBody(Body):
    outcome: str = Field(min_length=1, max_length=100)


class FaultBody(Body):
    do: dict[str, Any]
    provider: ProviderName | None = None
    operation: str | None = None
    when: faults.When = "before"
    skip: int = Field(default=0, ge=0)
    times: int = Field(default=1, ge=1)


class FaultsBody(Body):
    faults: list[FaultBody]


Model = TypeVar("Model", bound=Body)


def console(apis: Mapping[str, ProviderApi], tenants: Tenants) -> Starlette:
    """The Starlette application for everything that is not a provider's."""
    plane = ControlPlane(apis, tenants)
    prefix = "/_simulator"
    one = f"{prefix}/tenants/{{tenant_id}}"
    routes = [
        Route("/", plane.page, methods=["GET"]),
        Route(f"{prefix}/health", plane.health, methods=["GET"]),
        Route(f"{prefix}/deviations", plane.deviations, methods=["GET"]),
        Route(f"{prefix}/tenants", _by_method(GET=plane.list, POST=plane.create), methods=["GET", "POST"]),
        Route(one, _by_method(GET=plane.show, DELETE=plane.delete), methods=["GET", "DELETE"]),
        Route(f"{one}/clock", _by_method(GET=plane.clock, POST=plane.move_clock), methods=["GET", "POST"]),
        Route(
            f"{one}/faults", _by_method(POST=plane.add_faults, DELETE=plane.clear_faults), methods=["POST", "DELETE"]
        ),
        Route(f"{one}/durations", plane.set_durations, methods=["POST"]),
        Route(f"{one}/deviation", plane.set_deviation, methods=["PUT"]),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _not_served})


Endpoint = Callable[[Request], Awaitable[Response]]


def _by_method(**endpoints: Endpoint) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 422
    return JSONResponse({"error": str(error)}, status)


async def _not_served(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    said = "takes no such method" if status == 405 else "is nothing the control plane has; / lists what it has"
    return JSONResponse({"error": f"{request.method} {request.url.path}: {request.url.path} {said}."}, status)


class ControlPlane:
    """The endpoints; each reads, does one thing to one tenant, and answers JSON."""

    def __init__(self, apis: Mapping[str, ProviderApi], tenants: Tenants) -> None:
        self._apis = apis
        self._tenants = tenants
        self._operations = {route.operation for api in apis.values() for route in api.routes}

    async def page(self, request: Request) -> Response:
        from support.simulator.page import render  # imported late: jinja2 has no part in the start-up

        return HTMLResponse(render(str(request.base_url).rstrip("/"), self._apis.values(), TABLE.values()))

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "version": VERSION, "pid": os.getpid()})

    async def deviations(self, request: Request) -> Response:
        listed = [
            {
                "name": one.name,
                "description": one.description,
                "operations": list(one.operations),
                "providers": list(one.providers),
            }
            for one in TABLE.values()
        ]
        return JSONResponse(listed)

    async def create(self, request: Request) -> Response:
        asked = await _read(request, NewTenant)
        _check_durations(asked.durations)
        running = _running(asked.deviation)
        clock = TenantClock(asked.now, asked.speed)
        tenant = self._tenants.issue(clock, asked.label, asked.durations, asked.latency, asked.limits)
        tenant.deviation = running
        return JSONResponse(self._shown(tenant), 201)

    async def list(self, request: Request) -> Response:
        return JSONResponse([{"id": tenant.id, "label": tenant.label} for tenant in self._tenants.all()])

    async def show(self, request: Request) -> Response:
        return JSONResponse(self._shown(self._tenant(request)))

    async def delete(self, request: Request) -> Response:
        tenant = self._tenant(request)
        last = self._shown(tenant)
        self._tenants.close(tenant)
        return JSONResponse(
            {
                "id": tenant.id,
                "deleted": True,
                "inventory": last["inventory"],
                "deviation_fired": last["deviation_fired"],
            }
        )

    async def clock(self, request: Request) -> Response:
        return JSONResponse({"now": self._tenant(request).clock.now().isoformat()})

    async def move_clock(self, request: Request) -> Response:
        tenant = self._tenant(request)
        asked = await _read(request, ClockMove)
        if (asked.advance is None) == (asked.to is None):
            raise Refused('Say either {"advance": seconds} or {"to": time}.')
        try:
            now = tenant.clock.advance(asked.advance) if asked.to is None else tenant.clock.move_to(asked.to)  # type: ignore[arg-type]
        except TimeRunsForward as error:
            raise Refused(str(error)) from None
        return JSONResponse({"now": now.isoformat()})

    async def set_durations(self, request: Request) -> Response:
        tenant = self._tenant(request)
        asked = await _read(request, DurationsBody)
        _check_durations(asked.durations)
        tenant.durations.update(asked.durations)
        return JSONResponse({"durations": tenant.durations})

    async def add_faults(self, request: Request) -> Response:
        tenant = self._tenant(request)
        asked = await _read(request, FaultsBody)
        tenant.faults.append([self._fault(line) for line in asked.faults])
        return JSONResponse({"faults_left": tenant.faults.left()})

    async def clear_faults(self, request: Request) -> Response:
        tenant = self._tenant(request)
        tenant.faults.clear()
        return JSONResponse({"faults_left": 0})

    async def set_deviation(self, request: Request) -> Response:
        tenant = self._tenant(request)
        asked = await _read(request, DeviationChoice)
        tenant.deviation = _running(asked.name)
        return JSONResponse({"deviation": asked.name})

    def _tenant(self, request: Request) -> Tenant:
        tenant_id = request.path_params["tenant_id"]
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            raise Refused(f"There is no tenant {tenant_id!r}.", 404)
        return tenant

    def _fault(self, line: FaultBody) -> faults.Fault:
        if line.operation is not None and line.operation not in self._operations:
            raise Refused(f"No provider has an operation {line.operation!r}; / lists those there are.")
        return faults.Fault(_deed(line.do), line.provider, line.operation, line.when, line.skip, line.times)

    def _shown(self, tenant: Tenant) -> dict[str, Json]:
        now = tenant.clock.now()
        gauges = tenant.gauges
        running = tenant.deviation
        return {
            "id": tenant.id,
            "label": tenant.label,
            "now": now.isoformat(),
            "speed": tenant.clock.speed,
            "keys": tenant.keys,
            "durations": tenant.durations,
            "latency": tenant.latency,
            "limits": tenant.limits,
            "inventory": tenant.inventory(self._apis.values(), now),
            "requests": {
                "served": gauges.served,
                "by_operation": gauges.by_operation,
                "in_flight": gauges.in_flight,
                "peak_in_flight": gauges.peak_in_flight,
                "peak_by_operation": gauges.peak_by_operation,
            },
            "deviation": running.deviation.name if running else None,
            "deviation_fired": running.fired if running else 0,
            "faults_left": tenant.faults.left(),
        }


def _check_durations(durations: dict[str, float]) -> None:
    if not all(0 <= seconds <= LONGEST for seconds in durations.values()):
        raise Refused(f"A duration is a number of seconds from 0 to {LONGEST:,.0f}.")


def _running(name: str | None) -> Running | None:
    if name is None:
        return None
    if name not in TABLE:
        raise Refused(f"There is no deviation {name!r}; GET /_simulator/deviations lists them.")
    return Running(TABLE[name])


def _deed(do: dict[str, Any]) -> faults.Deed:
    """What a fault does, told by the one key that only it has."""
    if "body" in do:
        say = _checked(SayBody, do)
        return faults.Say(say.status, say.body)
    if "cut" in do:
        _checked(CutBody, do)
        return faults.Cut()
    if "garbage" in do:
        _checked(GarbageBody, do)
        return faults.Garble()
    if "delay_ms" in do:
        return faults.Delay(_checked(DelayBody, do).delay_ms)
    if "hold_until" in do:
        hold = _checked(HoldBody, do)
        return faults.Hold(hold.hold_until, hold.at_most_ms)
    if "hold_tail_ms" in do:
        return faults.HoldTail(_checked(HoldTailBody, do).hold_tail_ms)
    if "lose_tail_bytes" in do:
        return faults.LoseTail(_checked(LoseTailBody, do).lose_tail_bytes)
    if "outcome" in do:
        return faults.Outcome(_checked(OutcomeBody, do).outcome)
    if "status" in do:
        fail = _checked(FailBody, do)
        return faults.Fail(fail.status, fail.retry_after, fail.message)
    raise Refused(
        "A fault does one of status, cut, delay_ms, hold_until, hold_tail_ms, lose_tail_bytes, garbage, outcome or body."
    )


def _checked(model: type[Model], value: Any) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Refused(_sentence(error)) from None


async def _read(request: Request, model: type[Model]) -> Model:
    try:
        raw = await request.body()
    except ClientDisconnect:
        raise Refused("The request ended before its body was complete.", 400) from None
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise Refused(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no field {where!r}."
    return f"{where}: {first['msg']}." if where else f"{first['msg']}."
