"""Finding the operation: which provider a request is meant for, and which of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from support.simulator.wire import ProviderApi, Route

Headers = Mapping[str, str]
Query = Mapping[str, list[str]]

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the parameters of its path."""

    route: Route
    params: dict[str, str]


class Router:
    """The routes of one provider, found by method, path and (where they share those) by `accepts`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, dict[str, list[Match]]] = {}
        templates: dict[str, dict[str, list[Route]]] = {}
        for route in routes:
            if "{" in route.path:
                templates.setdefault(route.path, {}).setdefault(route.method, []).append(route)
            else:
                self._exact.setdefault(route.path, {}).setdefault(route.method, []).append(Match(route, {}))
        self._by_depth: dict[int, list[tuple[re.Pattern[str], dict[str, list[Route]]]]] = {}
        # The more of a template is literal, the earlier it is tried: ":download" before a bare parameter.
        for path in sorted(templates, key=lambda path: len(_PARAMETER.sub("", path)), reverse=True):
            self._by_depth.setdefault(path.count("/"), []).append((_pattern(path), templates[path]))

    def find(self, method: str, path: str, headers: Headers, query: Query) -> Match | None:
        """The route for this request, or None."""
        exact = self._exact.get(path)
        if exact is not None and method in exact:
            for match in exact[method]:
                if match.route.accepts is None or match.route.accepts(headers, query):
                    return match
        for pattern, methods in self._by_depth.get(path.count("/"), ()):
            if method in methods and (found := pattern.fullmatch(path)):
                for route in methods[method]:
                    if route.accepts is None or route.accepts(headers, query):
                        return Match(route, {name: unquote(value) for name, value in found.groupdict().items()})
        return None

    def knows(self, path: str) -> bool:
        """Whether some method is served at this path."""
        if path in self._exact:
            return True
        return any(pattern.fullmatch(path) for pattern, _ in self._by_depth.get(path.count("/"), ()))


def _pattern(template: str) -> re.Pattern[str]:
    literal = [re.escape(part) for part in _PARAMETER.split(template)[::2]]
    names = _PARAMETER.findall(template)
    parts = [part for pair in zip(literal, [f"(?P<{name}>[^/]+)" for name in names], strict=False) for part in pair]
    return re.compile("".join(parts) + literal[-1])


def readable(raw_path: str) -> str:
    """The path with its percent-escapes undone, except an escaped slash: that belongs to its segment."""
    if "%" not in raw_path:
        return raw_path
    return unquote(re.sub("%2f", "%252F", raw_path, flags=re.IGNORECASE))


class Sniffer:
    """Tells which provider a request is meant for, since all three serve /v1."""

    def __init__(self, apis: Iterable[ProviderApi]) -> None:
        self._names = {api.name for api in apis}
        self._mounts = {f"/{name.lower()}": name for name in self._names}
        others = {_resource(route.path) for api in apis if api.name != "Gemini" for route in api.routes}
        gemini = [route.path for api in apis if api.name == "Gemini" for route in api.routes]
        self._gemini_resources = {_resource(path) for path in gemini} - others
        self._gemini_verbs = {path.rpartition(":")[2] for path in gemini if ":" in path}

    def place(self, path: str, headers: Headers, query: Query) -> tuple[str, str, str]:
        """(provider, path without its mount, mount): by mount, else by path, headers and query as each SDK sends."""
        second_slash = path.find("/", 1)
        mount = path[:second_slash] if second_slash > 0 else path
        mounted = self._mounts.get(mount)
        if mounted is not None:
            return mounted, path[len(mount) :] or "/", mount
        return self._unmounted(path, mount, headers, query), path, ""

    def _unmounted(self, path: str, first: str, headers: Headers, query: Query) -> str:
        if first in ("/v1beta", "/v1alpha", "/upload") or "x-goog-api-key" in headers or "x-goog-api-client" in headers:
            return "Gemini"
        if "key" in query:
            return "Gemini"
        if "anthropic-version" in headers or "x-api-key" in headers or path.startswith("/v1/messages"):
            return "Anthropic"
        if _resource(path) in self._gemini_resources or path.rpartition(":")[2] in self._gemini_verbs:
            return "Gemini"
        return "OpenAI"


def _resource(path: str) -> str:
    """ "files" of /v1/files/abc; what stands before a verb, of /v1/files:register."""
    parts = path.split("/", 3)
    return parts[2].partition(":")[0] if len(parts) > 2 else ""
