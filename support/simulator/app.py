"""The ASGI application: which provider, whose key, which route, what body; then faults, deviation, handler, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import TypeAlias
from urllib.parse import parse_qs

from support.simulator import bodies, faults, writing
from support.simulator.bodies import BodyTooLarge, ClientGone, MalformedBody, Receive
from support.simulator.faults import CutConnection, Fault
from support.simulator.overlap import Line
from support.simulator.routing import Match, Router, Sniffer, readable
from support.simulator.tenants import Tenant, Tenants
from support.simulator.wire import Answer, Call, ProviderApi, Refusal, Route
from support.simulator.writing import Scope, Send

Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic", "gemini": "Gemini"}


def load_providers() -> dict[str, ProviderApi]:
    """The provider packages' `API` objects by provider name."""
    apis: dict[str, ProviderApi] = {}
    for package, name in PROVIDERS.items():
        module = import_module(f"support.simulator.{package}")
        api: ProviderApi = module.API
        if api.name != name:
            raise ValueError(f"support.simulator.{package}.API is named {api.name!r}, not {name!r}.")
        apis[name] = api
    return apis


class Simulator:
    """The application. Provider requests take the short way through this class, everything else goes to `console`."""

    def __init__(self, apis: Mapping[str, ProviderApi], tenants: Tenants, console: Asgi) -> None:
        self._apis = apis
        self._routers = {name: Router(api.routes) for name, api in apis.items()}
        self._sniffer = Sniffer(apis.values())
        self._tenants = tenants
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["raw_path"].decode("latin-1")
        if path == "/" or path.startswith("/_simulator"):
            await self._console(scope, receive, send)
            return
        method: str = scope["method"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw_query = scope["query_string"]
        query = parse_qs(raw_query.decode("latin-1"), keep_blank_values=True) if raw_query else {}
        provider, path, mount = self._sniffer.place(readable(path), headers, query)
        api = self._apis[provider]
        match = self._routers[provider].find(method, path, headers, query)
        key = api.key_of(headers, query)
        tenant = None if key is None or match is None else self._tenants.holder(provider, key)
        if match is None or tenant is None:
            refused = self._refused(api, match, method, path, key)
            unrouted = _unrouted(api, method, path, headers, query)
            if not writing.at_once(scope, api, unrouted, refused):
                await writing.piecemeal(scope, send, unrouted, refused)
            return
        operation = f"{provider} {match.route.operation}"
        line: Line = scope["state"]["line"]
        start = tenant.volleys.enter(line)
        is_waiting = True
        tenant.gauges.enter(operation)
        try:
            met: Sequence[Fault] = ()
            answer = body = None
            try:
                body = await bodies.take(receive, match.route, headers)
            except BodyTooLarge:
                answer = api.too_large(match.route.max_bytes)
            except MalformedBody as error:
                answer = api.malformed_body(str(error))
            else:
                if tenant.faults:
                    met = tenant.faults.take(provider, match.route.operation)
            if tenant.latency:
                await asyncio.sleep(tenant.latency)
            for fault in met:
                if fault.when == "before":
                    await _wait(fault, tenant)
            call = Call(
                provider,
                match.route.operation,
                method,
                path,
                match.params,
                query,
                headers,
                body,
                tenant.clock.now(),
                tenant.id,
                f"{scope['scheme']}://{headers.get('host') or _address(scope)}{mount}",
                tenant.durations,
                next((fault.deed.code for fault in met if isinstance(fault.deed, faults.Outcome)), None)
                if met
                else None,
                tenant.limits,
            )
            if answer is None:
                if met or tenant.deviation is not None:
                    answer = await self._spoilt(api, tenant, match.route, call, met)
                else:
                    answer = self._handled(api, tenant, match.route, call)
                if answer.seconds:
                    await tenant.volleys.hold(start)
            tenant.volleys.end(line, start, answer.seconds)
            tenant.volleys.leave()
            is_waiting = False
            if not writing.at_once(scope, api, call, answer):
                await writing.piecemeal(scope, send, call, answer)
        except ClientGone:
            pass
        except CutConnection:
            await _cut(scope, receive)
        finally:
            if is_waiting:
                tenant.volleys.leave()
            tenant.gauges.leave(operation)

    def _refused(self, api: ProviderApi, match: Match | None, method: str, path: str, key: str | None) -> Answer:
        """Why a request gets nowhere: no such path, no such method there, no key, not a key of ours."""
        if match is None:
            return (api.bad_method if self._routers[api.name].knows(path) else api.unknown_path)(method, path)
        return api.refuse_no_key() if key is None else api.refuse_bad_key(key)

    def unreadable(self, target: bytes, raw_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """A whole HTTP response to a request that is not readable HTTP, as far as it was read."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
        path = target.decode("latin-1").partition("?")[0]
        if path.startswith("/_simulator"):
            said = writing.encoded({"error": "The request is not valid HTTP, or it ends too early."})
            return writing.last_answer({"content-type": "application/json"}, said)
        provider, path, _ = self._sniffer.place(path, headers, {})
        api = self._apis[provider]
        answer = api.malformed_body("the request is not valid HTTP")
        api.finish(_unrouted(api, "", path, headers, {}), answer)
        answer.headers.setdefault("content-type", api.content_type)
        body = writing.encoded(answer.body)
        return writing.last_answer(answer.headers, body)

    async def _spoilt(self, api: ProviderApi, tenant: Tenant, route: Route, call: Call, met: Sequence[Fault]) -> Answer:
        """The answer under the tenant's deviation and the faults that this request meets."""
        for fault in met:
            if fault.when == "before" and (struck := _strike(fault, api)) is not None:
                return struck
        answer = self._handled(api, tenant, route, call)
        if tenant.deviation is not None and (seconds := tenant.deviation.take_delay()):
            await asyncio.sleep(seconds)
        for fault in met:
            if fault.when == "after":
                await _wait(fault, tenant)
                answer = _strike(fault, api) or answer
        for fault in met:
            if isinstance(fault.deed, faults.HoldTail) and answer.events is not None:
                answer.events = faults.with_held_tail(answer.events, fault.deed.milliseconds)
            if isinstance(fault.deed, faults.LoseTail) and answer.events is not None:
                answer.events = faults.with_lost_tail(answer.events, fault.deed.count)
        return answer

    def _handled(self, api: ProviderApi, tenant: Tenant, route: Route, call: Call) -> Answer:
        """Run the handler, under the tenant's deviation if it has one that touches this operation."""
        try:
            running = tenant.deviation
            if running is not None and running.touches(call):
                round_number = tenant.gauges.rounds[f"{api.name} {route.operation}"]
                return running.answer(tenant.state(api), call, route.handler, round_number)
            return route.handler(tenant.state(api), call)
        except Refusal as refusal:
            return refusal.answer
        except CutConnection:
            raise
        except Exception:
            writing.report(f"{call.provider} {call.operation}")
            return api.internal()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _address(scope: Scope) -> str:
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{host}:{port}"


def _unrouted(api: ProviderApi, method: str, path: str, headers: dict[str, str], query: dict[str, list[str]]) -> Call:
    """A call that is refused before it is known what it is for."""
    return Call(api.name, "", method, path, {}, query, headers, None, _EPOCH, "", "", {})


async def _wait(fault: Fault, tenant: Tenant) -> None:
    if isinstance(fault.deed, faults.Delay):
        await asyncio.sleep(fault.deed.milliseconds / 1000)
    elif isinstance(fault.deed, faults.Hold):
        await fault.hold(fault.deed)
        tenant.faults.drop_spent()


def _strike(fault: Fault, api: ProviderApi) -> Answer | None:
    """What the fault answers; None when it only makes the request wait."""
    deed = fault.deed
    if isinstance(deed, faults.Fail):
        return api.failure(deed.status, deed.retry_after, deed.message)
    if isinstance(deed, faults.Say):
        return Answer(deed.answer_status, deed.body)
    if isinstance(deed, faults.Garble):
        return faults.garbled()
    if isinstance(deed, faults.Cut):
        raise CutConnection
    return None


async def _cut(scope: Scope, receive: Receive) -> None:
    """Close the connection as it is, and wait until the server has noticed, so that it adds no answer of its own."""
    scope["state"]["transport"].close()
    while (await receive())["type"] != "http.disconnect":
        pass
