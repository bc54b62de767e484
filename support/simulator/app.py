"""The ASGI application: which provider, whose key, which route, what body; then faults, deviation, handler, answer."""

from __future__ import annotations

import asyncio
import re
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from pydantic_core import to_json

from support.simulator import bodies, faults
from support.simulator.bodies import BodyTooLarge, ClientGone, MalformedBody, Receive
from support.simulator.faults import CutConnection, Fault
from support.simulator.routing import Match, Router, Sniffer, readable
from support.simulator.tenants import Tenant, Tenants
from support.simulator.wire import Answer, Call, Json, ProviderApi, Refusal, Route

Scope: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic", "gemini": "Gemini"}

_UNFIT_FOR_A_HEADER = re.compile(r"[\x00-\x1f\x7f]")
_A_KEY = re.compile(r"\b(?:sk-|sim-|AIza)[\w-]+")


def load_providers() -> dict[str, ProviderApi]:
    """The provider packages' `API` objects by provider name."""
    apis: dict[str, ProviderApi] = {}
    for package, name in PROVIDERS.items():
        try:
            module = import_module(f"support.simulator.{package}")
        except ModuleNotFoundError as absent:
            if absent.name != f"support.simulator.{package}":
                raise
            continue
        if not hasattr(module, "API"):
            continue
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
        scheme_and_host = f"{scope['scheme']}://{headers.get('host') or _address(scope)}"
        bare = Call(provider, "", method, path, {}, query, headers, None, _EPOCH, "", scheme_and_host + mount, {})

        match = self._routers[provider].find(method, path, headers, query)
        if match is None:
            known = self._routers[provider].knows(path)
            await self._write(send, api, bare, (api.bad_method if known else api.unknown_path)(method, path))
            return
        key = api.key_of(headers, query)
        if key is None:
            await self._write(send, api, bare, api.refuse_no_key())
            return
        tenant = self._tenants.holder(provider, key)
        if tenant is None:
            await self._write(send, api, bare, api.refuse_bad_key(key))
            return
        operation = f"{provider} {match.route.operation}"
        tenant.gauges.enter(operation)
        try:
            await self._serve(api, tenant, match, bare, receive, send)
        except ClientGone:
            pass
        except CutConnection:
            await _cut(scope, receive)
        finally:
            tenant.gauges.leave(operation)

    def unreadable(self, target: bytes, raw_headers: list[tuple[bytes, bytes]]) -> bytes:
        """A whole HTTP response to a request that is not readable HTTP, as far as it was read."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
        path = target.decode("latin-1").partition("?")[0]
        provider, path, mount = self._sniffer.place(path, headers, {})
        api = self._apis[provider]
        answer = api.malformed_body("the request is not valid HTTP")
        api.finish(Call(provider, "", "", path, {}, {}, headers, None, _EPOCH, "", mount, {}), answer)
        body = _encoded(answer.body)
        lines = [b"HTTP/1.1 %d Bad Request" % answer.status]
        lines += [name.encode("latin-1") + b": " + _header_value(value) for name, value in answer.headers.items()]
        lines += [b"content-length: %d" % len(body), b"connection: close"]
        if "content-type" not in answer.headers:
            lines.append(b"content-type: " + api.content_type.encode())
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    async def _serve(
        self, api: ProviderApi, tenant: Tenant, match: Match, bare: Call, receive: Receive, send: Send
    ) -> None:
        """Read, parse, meet the script of faults, answer."""
        route = match.route
        headers = bare.headers
        try:
            body = await bodies.read(receive, route.max_bytes, headers.get("content-length"))
            parsed = _parse(route, body, headers)
        except BodyTooLarge:
            await self._write(send, api, bare, api.too_large(route.max_bytes))
            return
        except MalformedBody as error:
            await self._write(send, api, bare, api.malformed_body(str(error)))
            return
        met = tenant.faults.take(api.name, route.operation) if tenant.faults else ()
        if tenant.latency:
            await asyncio.sleep(tenant.latency)
        for fault in met:
            if fault.when == "before":
                await _wait(fault, tenant)
        call = Call(
            bare.provider,
            route.operation,
            bare.method,
            bare.path,
            match.params,
            bare.query,
            headers,
            parsed,
            tenant.clock.now(),
            tenant.id,
            bare.base_url,
            tenant.durations,
        )
        answer = None
        for fault in met:
            if fault.when == "before":
                answer = _strike(fault, api)
        if answer is None:
            answer = self._answer(api, tenant, route, call)
            running = tenant.deviation
            if running is not None and (seconds := running.take_delay()):
                await asyncio.sleep(seconds)
            for fault in met:
                if fault.when == "after":
                    await _wait(fault, tenant)
                    answer = _strike(fault, api) or answer
        await self._write(send, api, call, answer)

    def _answer(self, api: ProviderApi, tenant: Tenant, route: Route, call: Call) -> Answer:
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
            _report(f"{call.provider} {call.operation}")
            return api.internal()

    async def _write(self, send: Send, api: ProviderApi, call: Call, answer: Answer) -> None:
        """Add the provider's headers and send the answer; a stream's every event is a chunk of its own."""
        try:
            api.finish(call, answer)
            body = _encoded(answer.body) if answer.events is None else b""
        except Exception:
            _report(f"{call.provider} {call.operation}")
            answer = api.internal()
            api.finish(call, answer)
            body = _encoded(answer.body)
        headers = [(name.encode("latin-1"), _header_value(value)) for name, value in answer.headers.items()]
        if answer.events is not None:
            if "content-type" not in answer.headers:
                headers.append((b"content-type", b"text/event-stream; charset=utf-8"))
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await self._stream(send, call, answer.events)
            return
        if "content-type" not in answer.headers and answer.body is not None:
            kind = "application/octet-stream" if isinstance(answer.body, bytes) else api.content_type
            headers.append((b"content-type", kind.encode()))
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, send: Send, call: Call, events: Iterator[bytes] | AsyncIterator[bytes]) -> None:
        try:
            if isinstance(events, AsyncIterator):
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
            else:
                for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
        except Exception:  # the status is sent: all that is left is to break off
            _report(f"{call.provider} {call.operation} (streaming)")
            raise CutConnection from None
        await send({"type": "http.response.body", "body": b""})


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _address(scope: Scope) -> str:
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{host}:{port}"


def _parse(route: Route, body: bytes, headers: Mapping[str, str]) -> Json:
    if route.body == "json":
        return bodies.parse_json(body)
    if route.body == "form":
        return bodies.parse_form(body, headers.get("content-type", ""))
    return body if route.body == "raw" else None


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


def _encoded(body: Json) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else to_json(body)


def _header_value(value: str) -> bytes:
    if value.isprintable():
        return value.encode("latin-1", "replace")
    return _UNFIT_FOR_A_HEADER.sub(" ", value).encode("latin-1", "replace")


def _report(what: str) -> None:
    """The exception that is being handled, once, to stderr; keys are masked."""
    text = f"Touchstone simulator: unexpected error in {what}\n{traceback.format_exc()}"
    sys.stderr.write(_A_KEY.sub("***", text))
    sys.stderr.flush()
