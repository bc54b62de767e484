"""Automatic caching of prompts: which prefixes an account has cached, for how long, and what a request finds of its own.

Provider-facts 3.2, openai 3.54.0, the provider's guide on prompt caching as of 2026-10; recordings of gpt-5.6 (2026-07 and
2026-08) and of gpt-4.1 (2026-02, 2026-03).

- Before gpt-5.6: every STEP of tokens from MINIMUM on is a prefix that is cached, at no charge. It lives for five minutes
  without use and an hour at most, with a retention of 24h (which gpt-5.5 always has) for a day. Recorded: 1024 of 1144
  tokens, 1152 of 1185.
- From gpt-5.6 on: prefixes are cached exactly at breakpoints, and nothing shorter with them; what is new up to the last
  of those is counted as written. They live for 30 minutes after the latest write or use, a breakpoint that says so for 12
  hours. Recorded: 1217 of 1220 tokens written, the three that open the answer are not.

Unverified: that steps are 128 tokens (the guide calls the intervals between breakpoints dependent on the model, only what
is reported is rounded to 128), that gpt-5.5 caches below 2,048 tokens, that 24h is a whole day (the guide: typically 30
minutes, up to 24 hours), and the exact lives: the provider promises "around" five to ten minutes. Recordings have cached
tokens that are no multiple of 128 (13, 1390; 2025-07, 2026-05); those are not imitated. Reasoning effort, verbosity
and parallel_tool_calls are no part of a prefix here; the guide says that they can change it. `prompt_cache_key` keeps
caches apart, as the guide says of gpt-5.6; on older models it only influences where a request goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from support.simulator.openai import prompt_prefixes
from support.simulator.openai.cache_options import CacheOptions
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import STEP, Prompt
from support.simulator.openai.prompt_prefixes import MINIMUM

# Seconds: without use, and in all. A tenant's durations can say otherwise for every cache.
IN_MEMORY = (300.0, 3_600.0)
FOR_A_DAY = (86_400.0, 86_400.0)
_NEVER = float("inf")

_ROOM = 100_000  # prefixes that may lie around, expired or not, before anybody looks which are expired


class Found(NamedTuple):
    """Tokens of a prompt that came from the cache, and tokens newly written to it; the others are neither."""

    cached: int = 0
    written: int = 0


NOTHING = Found()


class _Life(NamedTuple):
    ends: float
    idle: float
    latest: float

    def renewed(self, now: float) -> _Life:
        return _Life(min(now + self.idle, self.latest), self.idle, self.latest)


@dataclass(slots=True)
class PromptCache:
    """An account's cached prefixes: a digest each. Times are Unix seconds. The expired are dropped when there are many."""

    _lives: dict[bytes, _Life] = field(default_factory=dict)
    _room: int = _ROOM

    def use(
        self, prompt: Prompt, model: Model, options: CacheOptions, now: float, durations: Mapping[str, float]
    ) -> Found:
        """Look up a counted prompt, keep alive what is found, and store what is new; a short one costs nothing."""
        if prompt.total < MINIMUM or not model.caches:
            return NOTHING
        seed = f"{model.snapshot}\0{'' if options.key is None else 'key ' + options.key}"
        idle, longest = durations.get("cache.idle"), durations.get("cache.longest")
        if model.counts_cache_writes:
            return self._at_breakpoints(prompt, seed, options, now, idle, longest)
        usual = FOR_A_DAY if options.for_a_day else IN_MEMORY
        return self._at_steps(
            prompt, seed, now, usual[0] if idle is None else idle, usual[1] if longest is None else longest
        )

    def _at_steps(self, prompt: Prompt, seed: str, now: float, idle: float, longest: float) -> Found:
        digests = prompt_prefixes.steps(prompt.pieces, seed)
        hits = 0
        for digest in digests:  # a prefix is there as far as all of it is there
            life = self._lives.get(digest)
            if life is None or life.ends <= now:
                break
            hits += 1
        self._keep(digests[:hits], now, idle, longest)
        self._store(dict.fromkeys(digests[hits:], _life(now, idle, longest)), now)
        return Found(MINIMUM + STEP * (hits - 1)) if hits else NOTHING

    def _at_breakpoints(
        self, prompt: Prompt, seed: str, options: CacheOptions, now: float, idle: float | None, longest: float | None
    ) -> Found:
        reads, writes = prompt_prefixes.breakpoints(prompt.pieces, seed, implicit=options.implicit)
        latest = _NEVER if longest is None else longest
        cached = 0
        for boundary in reads:
            life = self._lives.get(boundary.digest)
            if life is not None and now < life.ends:
                cached = boundary.tokens
                self._keep([boundary.digest], now, life.idle, latest)
                break
        new = {}
        for boundary in writes:
            fresh = _life(now, boundary.seconds if idle is None else idle, latest)
            life = self._lives.get(boundary.digest)
            lives_on = life is not None and now < life.ends and life.idle >= fresh.idle
            new[boundary.digest] = life.renewed(now) if life is not None and lives_on else fresh
        self._store(new, now)
        return Found(cached, max(0, max((boundary.tokens for boundary in writes), default=0) - cached))

    def _keep(self, digests: Iterable[bytes], now: float, idle: float, longest: float) -> None:
        """Let what was found live on; a request that wants it for longer gets it for longer."""
        lives = self._lives
        renewed: dict[_Life, _Life] = {}
        for digest in digests:
            life = lives[digest]
            new = renewed.get(life)
            if new is None:
                new = renewed[life] = _life(now, idle, longest) if idle > life.idle else life.renewed(now)
            lives[digest] = new

    def _store(self, new: Mapping[bytes, _Life], now: float) -> None:
        if len(self._lives) + len(new) > self._room:
            self._lives = {digest: life for digest, life in self._lives.items() if now < life.ends}
            self._room = max(_ROOM, 2 * (len(self._lives) + len(new)))
        self._lives.update(new)


def _life(now: float, idle: float, longest: float) -> _Life:
    return _Life(now + min(idle, longest), idle, now + longest)
