"""What is on the other side: the embedded simulator, the providers themselves, or a gateway of the user's."""

import asyncio
import atexit
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from support.catalogue.lifecycle import retirement
from support.errors import SetupError
from support.gateway.clock import Clock, JumpingClock, WallClock
from support.gateway.endpoint import Endpoint
from support.settings import KEY_NAMES, Settings
from support.values import Money, Provider

LIVE_BASE_URLS = {
    Provider.OPENAI: "https://api.openai.com",
    Provider.ANTHROPIC: "https://api.anthropic.com",
    Provider.GEMINI: "https://generativelanguage.googleapis.com",
}
START_OF_TIME = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""What a simulated scenario's clock shows at its start, so that every run sees the same dates."""


def no_key(provider: Provider) -> str:
    """Why a provider is not asked for which the user has set no key."""
    return f"no key: set {KEY_NAMES[provider]}"


class SimulatorGone(Exception):
    """No simulator answers where one was: all that it held is gone with it."""


class Control:
    """The simulator's control plane, for one tenant: what only a simulator can do."""

    def __init__(self, http: httpx.AsyncClient, tenant: str) -> None:
        self._http = http
        self._path = f"/_simulator/tenants/{tenant}"

    async def now(self) -> datetime:
        answer = await self._http.get(f"{self._path}/clock")
        return datetime.fromisoformat(answer.raise_for_status().json()["now"])

    async def move_to(self, moment: datetime) -> datetime:
        answer = await self._http.post(f"{self._path}/clock", json={"to": moment.isoformat()})
        if answer.status_code == 422 and (now := await self.now()) >= moment:
            return now  # what was under way has moved it that far already
        return datetime.fromisoformat(answer.raise_for_status().json()["now"])

    async def advance(self, seconds: float) -> datetime:
        """Moves the tenant's clock on by `seconds`."""
        answer = await self._http.post(f"{self._path}/clock", json={"advance": seconds})
        return datetime.fromisoformat(answer.raise_for_status().json()["now"])

    async def script(self, *faults: Mapping[str, Any]) -> None:
        """Adds failures that the simulator will play, in the control plane's form."""
        (await self._http.post(f"{self._path}/faults", json={"faults": list(faults)})).raise_for_status()

    async def set_durations(self, **seconds: float) -> None:
        """How long things take from now on, by the simulator's names for them (`__` stands for a dot)."""
        named = {name.replace("__", "."): value for name, value in seconds.items()}
        (await self._http.post(f"{self._path}/durations", json={"durations": named})).raise_for_status()

    async def state(self) -> dict[str, Any]:
        """Inventory, requests served, peak in flight, whether the deviation fired."""
        state: dict[str, Any] = (await self._http.get(self._path)).raise_for_status().json()
        return state

    async def close(self) -> dict[str, Any]:
        """Ends the tenant; answers what it still held, and how often its deviation changed something."""
        last: dict[str, Any] = (await self._http.delete(self._path)).raise_for_status().json()
        return last


@dataclass(frozen=True, slots=True)
class Remains:
    """What a tenancy held at its end."""

    inventory: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Ids by provider and kind; empty where only the providers could say."""
    deviation_fired: int = 0


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What one scenario stands on: its own accounts, clock and keys."""

    tenant: str
    endpoints: Mapping[Provider, Endpoint]
    clock: Clock
    control: Control | None
    """None where the counterpart is not a simulator."""

    async def inventory(self) -> dict[str, dict[str, list[str]]]:
        """What is left, by provider and kind; empty where only the providers could say."""
        if self.control is None:
            return {}
        left: dict[str, dict[str, list[str]]] = (await self.control.state())["inventory"]
        return {provider: kinds for provider, kinds in left.items() if kinds}

    async def close(self) -> Remains:
        """Ends it; one request, which tells what was left as well."""
        if self.control is None:
            return Remains()
        last = await self.control.close()
        return Remains(last["inventory"], last["deviation_fired"])


class Target(Protocol):
    """A counterpart of the suite."""

    name: str
    money: Money
    facts: dict[str, str]
    """What a later process needs to reach it again: never a key."""
    speaks: tuple[str, ...]
    """What it still offers though the provider has switched it off."""

    def missing(self, provider: Provider) -> str | None:
        """Why the provider cannot be reached here, or None."""
        ...

    async def open(
        self,
        label: str,
        in_flight: Callable[[], int],
        deviation: str | None = None,
        begins: datetime = START_OF_TIME,
    ) -> Tenancy:
        """A tenancy for one scenario; its clock begins at `begins`, where the target can choose."""
        ...

    async def reopen(self, tenant: str) -> Tenancy | None:
        """The tenancy of an earlier process; None where it is gone."""
        ...

    async def close(self) -> None: ...


@dataclass
class SimulatorTarget:
    """The embedded simulator, started by this process, or one that already runs."""

    settings: Settings
    name: str = "simulator"
    money: Money = Money.SIMULATED
    _process: "SimulatorProcess | None" = None
    _http: httpx.AsyncClient | None = field(default=None, repr=False)
    facts: dict[str, str] = field(default_factory=dict)
    speaks: tuple[str, ...] = ()
    may_be_gone: bool = False
    """For a simulator that an earlier process used."""

    def start(self) -> None:
        """Begins to start the simulator, and returns at once: it comes up while this process loads."""
        if self.settings.simulator_url is None:
            self._process = SimulatorProcess()

    def missing(self, provider: Provider) -> str | None:
        return None

    async def _connect(self) -> httpx.AsyncClient:
        if self._http is None:
            if self._process is not None:
                url = await asyncio.to_thread(self._process.url)
            else:
                url = str(self.settings.simulator_url).rstrip("/")
            http = httpx.AsyncClient(base_url=url, timeout=self.settings.request_timeout, trust_env=False)
            try:
                (await http.get("/_simulator/health")).raise_for_status()
            except httpx.HTTPError:
                await http.aclose()
                if self.may_be_gone:
                    raise SimulatorGone from None
                raise SetupError(
                    f"No Touchstone simulator answers at {url}; start one with `python -m support.simulator --port N`."
                ) from None
            self.facts["simulator_url"] = url
            self._http = http
        return self._http

    async def open(
        self,
        label: str,
        in_flight: Callable[[], int],
        deviation: str | None = None,
        begins: datetime = START_OF_TIME,
    ) -> Tenancy:
        http = await self._connect()
        wanted: dict[str, Any] = {"label": label, "now": begins.isoformat()}
        if deviation is not None:
            wanted["deviation"] = deviation
        answer = await http.post("/_simulator/tenants", json=wanted)
        if answer.status_code in (400, 404, 422):
            raise SetupError(f"The simulator refuses a tenant: {answer.json().get('error', answer.text)}")
        made = answer.raise_for_status().json()
        return self._tenancy(http, made, in_flight)

    async def deviations(self) -> list[dict[str, Any]]:
        """What the simulator can do wrong: name, description, operations, providers."""
        listed: list[dict[str, Any]] = (
            (await (await self._connect()).get("/_simulator/deviations")).raise_for_status().json()
        )
        return listed

    async def reopen(self, tenant: str) -> Tenancy | None:
        http = await self._connect()
        answer = await http.get(f"/_simulator/tenants/{tenant}")
        if answer.status_code == 404:
            return None
        return self._tenancy(http, answer.raise_for_status().json(), lambda: 0)

    def _tenancy(self, http: httpx.AsyncClient, made: Mapping[str, Any], in_flight: Callable[[], int]) -> Tenancy:
        control = Control(http, made["id"])
        endpoints = {
            provider: Endpoint(
                provider,
                self.facts["simulator_url"],
                made["keys"][provider],
                kept=self.settings.state,
                request_timeout=self.settings.request_timeout,
            )
            for provider in Provider
        }
        return Tenancy(made["id"], endpoints, JumpingClock(control, in_flight), control)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None
        if self._process is not None:
            self._process.stop()
            self._process = None


class SimulatorProcess:
    """The simulator as a child process on a free port; it ends with this process, however that ends."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is this process's to handle: clean-up still needs the simulator
        )
        self._url: str | None = None
        atexit.register(self.stop)

    def url(self) -> str:
        """Waits until it listens; raises SetupError when it ends instead."""
        if self._url is None:
            assert self._child.stdout is not None
            line = self._child.stdout.readline()
            if "http://" not in line:
                raise SetupError(
                    "The simulator did not start; run `python -m support.simulator --port 8080` to see what it says."
                )
            self._url = "http://" + line.split("http://", 1)[1].strip()
        return self._url

    def stop(self) -> None:
        """Ends it; it also ends by itself when this process is gone without a word."""
        atexit.unregister(self.stop)
        self._child.kill()  # it keeps nothing that a gentler end could save, and that would take a tenth of a second
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()


@dataclass
class RemoteTarget:
    """The providers themselves, or gateways that speak as they do."""

    name: str
    base_urls: Mapping[Provider, str]
    keys: Mapping[Provider, str] = field(repr=False)
    reasons: Mapping[Provider, str]
    request_timeout: float
    kept: str
    """Where the gateway keeps what a provider has no object for."""
    money: Money = Money.LIVE
    facts: dict[str, str] = field(default_factory=dict)
    speaks: tuple[str, ...] = ()
    headers: Mapping[Provider, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """The user's own, by provider."""

    def missing(self, provider: Provider) -> str | None:
        return self.reasons.get(provider)

    async def open(
        self,
        label: str,
        in_flight: Callable[[], int],
        deviation: str | None = None,
        begins: datetime = START_OF_TIME,
    ) -> Tenancy:
        return self._tenancy()

    async def reopen(self, tenant: str) -> Tenancy | None:
        return self._tenancy()

    def _tenancy(self) -> Tenancy:
        endpoints = {
            provider: Endpoint(
                provider,
                self.base_urls[provider],
                self.keys[provider],
                api_version="v1beta" if provider is Provider.GEMINI else None,
                kept=self.kept,
                request_timeout=self.request_timeout,
                headers=self.headers.get(provider, {}),
            )
            for provider in self.base_urls
            if provider not in self.reasons
        }
        return Tenancy(f"account:{self.name}", endpoints, WallClock(), None)

    async def close(self) -> None:
        return None


def reach_again(settings: Settings, name: str, facts: Mapping[str, str]) -> Target:
    """The target of an earlier process, by what it left in the journal. Raises SetupError where its settings are gone."""
    if "simulator_url" in facts:
        chosen = settings.model_copy(update={"target": "simulator", "simulator_url": facts["simulator_url"]})
        return SimulatorTarget(chosen, may_be_gone=True)
    return choose(settings.model_copy(update={"target": name, "simulator_url": None, "deviation": None}))


def choose(settings: Settings) -> Target:
    """The target that the settings name; a simulator begins to start at once. Raises SetupError for an unknown name."""
    if settings.target == "simulator":
        target = SimulatorTarget(settings)
        target.start()
        return target
    if settings.simulator_url is not None or settings.deviation is not None:
        raise SetupError(
            f"simulator_url and deviation belong to the simulator; leave them out with target={settings.target}."
        )
    if settings.target == "live":
        keys = {provider: key for provider in Provider if (key := settings.key(provider))}
        reasons = {provider: no_key(provider) for provider in Provider if provider not in keys}
        return RemoteTarget("live", LIVE_BASE_URLS, keys, reasons, settings.request_timeout, settings.state)
    named = settings.targets.get(settings.target)
    if named is None:
        known = ", ".join(["simulator", "live", *settings.targets])
        raise SetupError(
            f"There is no target called {settings.target!r}; known are {known} (named ones stand in targets.toml)."
        )
    unheard = [name for name in named.speaks if all(retirement(provider, name) is None for provider in Provider)]
    if unheard:
        raise SetupError(
            f"Target {settings.target} speaks {unheard[0]!r}, which no provider has switched off; leave it out of targets.toml."
        )
    base_urls: dict[Provider, str] = {}
    keys = {}
    reasons = {}
    headers: dict[Provider, Mapping[str, str]] = {}
    for provider in Provider:
        endpoint = named.endpoint(provider)
        if endpoint is None:
            reasons[provider] = f"target {settings.target} has no {provider}"
            continue
        base_urls[provider] = endpoint.base_url.rstrip("/")
        headers[provider] = {name: value.get_secret_value() for name, value in endpoint.headers.items()}
        key = settings.named_key(provider, endpoint)
        if key:
            keys[provider] = key
        else:
            reasons[provider] = f"no key: set {endpoint.key_env or KEY_NAMES[provider]}"
    return RemoteTarget(
        settings.target,
        base_urls,
        keys,
        reasons,
        settings.request_timeout,
        settings.state,
        speaks=named.speaks,
        headers=headers,
    )
