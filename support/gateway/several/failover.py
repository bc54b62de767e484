"""One question to several providers in turn: the next is asked only where the one before does not answer.

A question whose end at one provider is unclear is asked again all the same: an answer may then have been made, and be billed,
that nobody reads. Who fails over wants an answer more than that.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from support.errors import AllProvidersFailed, RateLimited, RequestTimeout, ServerError, TouchstoneError
from support.gateway.capabilities import Capability
from support.gateway.clock import Clock
from support.gateway.model_limits import check_model
from support.gateway.retry import own_attempts, pause
from support.gateway.several.circuit import FAILURES, PAUSE, Circuit
from support.gateway.several.routes import Route, check_routes, invalid
from support.ledger.prices import price
from support.values import ChatAnswer, FunctionTool, Message, Provider, ToolChoice, Usage

NOTHING = Decimal(0)
ATTEMPTS = 2
"""At one provider, before the next is asked."""
PATIENCE = 8.0
"""Seconds; a provider that asks to wait longer is not waited for."""
CIRCUIT_OPEN = "circuit_open"
"""The code of the cause that stands for a provider that was left alone."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one provider."""

    provider: Provider
    model: str
    outcome: str
    """`ok`, or the kind of the error."""
    seconds: float
    """Real time."""
    usage: Usage | None = None
    """None where nothing was answered."""
    error: TouchstoneError | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Routed:
    """An answer, who gave it, and what was tried on the way to it."""

    answer: ChatAnswer
    provider: Provider
    model: str
    """As it was asked for."""
    attempts: tuple[Attempt, ...]
    """In the order in which they were made; the last one was answered."""
    skipped: tuple[Provider, ...] = ()
    """Left alone because they failed too often: no request was sent to them."""

    @property
    def cost_usd(self) -> Decimal | None:
        """In dollars; None where the model has no known price."""
        return total_cost(self.attempts)

    def text(self) -> str:
        """In one line: what was tried, and who answered."""
        tried = ", ".join(f"{each.provider} {each.outcome} ({each.seconds:.3f} s)" for each in self.attempts)
        left = f"; left alone: {', '.join(self.skipped)}" if self.skipped else ""
        return f"answered by {self.provider} ({self.model}): {tried}{left}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that is asked, of whomever."""

    messages: Sequence[Message]
    said: Mapping[str, Any]


class Failover:
    """Asks the first provider that answers, in the order of `routes`.

    Goes on to the next after `attempts` requests that ended in a server error, a rate limit, a timeout or a refused
    connection; never after what another provider would refuse too, or what is the user's to mend. After `failures` such ends
    in a row a provider is left alone for `rest`, then one request probes it.

    Raises InvalidRequest, naming the field, for no route or a provider that is named twice, and Unsupported for a model
    that does not chat; both before anything is sent.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        clock: Clock,
        attempts: int = ATTEMPTS,
        *,
        failures: int = FAILURES,
        rest: timedelta = PAUSE,
        patience: float = PATIENCE,
    ) -> None:
        check_routes(routes)
        for field_name, number in (("attempts", attempts), ("failures", failures)):
            if number < 1:
                raise invalid(field_name, f"must be 1 or more, not {number}")
        for gateway, model in routes:
            check_model(gateway.provider, Capability.CHAT, model)
        self.circuits: Mapping[Provider, Circuit] = {gateway.provider: Circuit(failures, rest) for gateway, _ in routes}
        self._routes = tuple(routes)
        self._clock = clock
        self._attempts = attempts
        self._patience = patience

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        max_output_tokens: int,
        system: str | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice = "auto",
        schema: Mapping[str, Any] | None = None,
    ) -> Routed:
        """The first answer. Raises AllProvidersFailed with each cause, or at once the error that is nobody's outage."""
        said: dict[str, Any] = {"max_output_tokens": max_output_tokens}
        optional = {"system": system, "stop": stop, "tools": tools, "schema": schema}
        said |= {name: value for name, value in optional.items() if value}
        if tool_choice != "auto":
            said["tool_choice"] = tool_choice
        asked = _Asked(messages, said)
        attempts: list[Attempt] = []
        skipped: list[Provider] = []
        causes: list[TouchstoneError] = []
        for route in self._routes:
            made = len(attempts)
            came = await self._tried(route, asked, attempts)
            if isinstance(came, ChatAnswer):
                return record(route, came, attempts, skipped)
            causes.append(came)
            if len(attempts) == made:
                skipped.append(route[0].provider)
        raise none_left(causes)

    async def _tried(self, route: Route, asked: _Asked, attempts: list[Attempt]) -> ChatAnswer | TouchstoneError:
        """The answer of one provider, or why the next is to be asked."""
        circuit = self.circuits[route[0].provider]
        last: TouchstoneError | None = None
        for number in range(1, self._attempts + 1):
            # The clock is asked only where it matters: a healthy provider costs no look at it.
            permit = circuit.enter() if circuit.state == "closed" else circuit.enter(await self._clock.now())
            if permit is None:
                return last or left_alone(route, circuit)
            try:
                came = await self._once(route, asked, attempts)
                if isinstance(came, ChatAnswer) or answered(came):
                    circuit.succeeded(permit)
                elif goes_on(came):
                    circuit.failed(permit, await self._clock.now())
            finally:
                circuit.left(permit)
            if isinstance(came, ChatAnswer):
                return came
            if not goes_on(came):
                raise came
            last = came
            if number == self._attempts or not self._is_worth_another(came, number):
                break
            if circuit.state == "closed":
                await self._clock.sleep(pause(came, number))
        assert last is not None
        return last

    async def _once(self, route: Route, asked: _Asked, attempts: list[Attempt]) -> ChatAnswer | TouchstoneError:
        """One request, which the choke point does not repeat: that is done here, so that each is in the record."""
        gateway, model = route
        token = own_attempts.set(1)
        began = time.monotonic()
        try:
            answer = await gateway.chat.ask(asked.messages, model=model, **asked.said)
        except TouchstoneError as error:
            seconds = time.monotonic() - began
            attempts.append(Attempt(gateway.provider, model, error.kind, seconds, error=error))
            return error
        finally:
            own_attempts.reset(token)
        attempts.append(Attempt(gateway.provider, model, "ok", time.monotonic() - began, answer.usage))
        return answer

    def _is_worth_another(self, error: TouchstoneError, attempt: int) -> bool:
        """Whether the same provider may be asked again, and soon."""
        return error.should_retry is not False and pause(error, attempt) <= self._patience


def goes_on(error: TouchstoneError) -> bool:
    """Whether another provider may do better: this one did not answer, or not with what it was asked for."""
    return isinstance(error, ServerError | RateLimited | RequestTimeout)


def answered(error: TouchstoneError) -> bool:
    """Whether the provider itself refused, which shows that it works."""
    return error.status is not None and not goes_on(error)


def record(route: Route, answer: ChatAnswer, attempts: Sequence[Attempt], skipped: Sequence[Provider]) -> Routed:
    """What is told of a question that was answered."""
    gateway, model = route
    return Routed(answer, gateway.provider, model, tuple(attempts), tuple(skipped))


def total_cost(attempts: Sequence[Attempt]) -> Decimal | None:
    """In dollars; None where one of them has no known price."""
    total = NOTHING
    for attempt in attempts:
        cost = cost_of(attempt)
        if cost is None:
            return None
        total += cost
    return total


def cost_of(attempt: Attempt) -> Decimal | None:
    """What failed costs nothing."""
    return NOTHING if attempt.usage is None else price(attempt.provider, attempt.model, attempt.usage)


def left_alone(route: Route, circuit: Circuit) -> ServerError:
    """The cause of a provider that was sent nothing."""
    until = circuit.opens_again_at
    said = f"is left alone after {circuit.failures} failures in a row"
    said += f", until {until:%Y-%m-%d %H:%M:%S} UTC" if until is not None and circuit.state == "open" else ""
    return ServerError(said, provider=route[0].provider, operation="chat.create", code=CIRCUIT_OPEN)


def none_left(causes: Sequence[TouchstoneError]) -> AllProvidersFailed:
    """Nobody answered; each cause is told."""
    listed = "; ".join(f"{cause} ({cause.kind})" for cause in causes)
    error = AllProvidersFailed(f"no provider answered: {listed}", causes=tuple(causes))
    error.sent = sum(cause.sent for cause in causes)
    return error
