"""Words and sentences that several areas share: providers, times, refusals, and what was sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Protocol, cast

import parse
from behave import register_type, then, use_step_matcher, when

from support.errors import TouchstoneError
from support.values import Provider
from support.world import World


class Context(Protocol):
    """behave's context, as the steps use it."""

    world: World
    table: list[dict[str, str]]


FIELDS = {
    "lifetime": "ttl",
    "marks": "cache_control",
    "expiry": "expires_after",
    "piece size": "max_chunk_size_tokens",
    "overlap": "chunk_overlap_tokens",
    "conditions": "filters",
}
"""What a sentence calls a field, where that is not the field's own name."""
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@parse.with_pattern(r"OpenAI|Anthropic|Gemini")
def a_provider(text: str) -> Provider:
    return Provider(text)


@parse.with_pattern(r"\d+ (?:second|minute|hour|day)s?")
def a_duration(text: str) -> timedelta:
    number, unit = text.split()
    return timedelta(seconds=int(number) * UNITS[unit.rstrip("s")])


@parse.with_pattern(r"[A-Za-z_-]+")
def a_word(text: str) -> str:
    return text


register_type(Provider=a_provider, Duration=a_duration, Word=a_word)
use_step_matcher("parse")


def world_of(context: object) -> World:
    """The scenario's world."""
    return cast(Context, context).world


@when("{time:Duration} pass")
@when("{time:Duration} passes")
async def time_passes(context: Context, time: timedelta) -> None:
    await context.world.clock.sleep(time.total_seconds())


@then("nothing was sent")
def nothing_was_sent(context: Context) -> None:
    sent = context.world.sent()
    context.world.expect(not sent, f"{len(sent)} requests were sent, the first to {sent[0].path if sent else ''}")


@then("the request was sent once")
@then("the question was sent once")
def sent_once(context: Context) -> None:
    sent = context.world.sent()
    context.world.expect(len(sent) == 1, f"it was sent {len(sent)} times")


@then("the request is refused as invalid, naming {what}")
def refused_as_invalid(context: Context, what: str) -> None:
    refusal = context.world.refusal("invalid_request")
    if what.startswith('"'):
        named = what.strip('"') in refusal.message
    elif what == "the folder":
        named = str(context.world.files.path) in refusal.message
    else:
        word = what.removeprefix("the ")
        named = refusal.param == FIELDS.get(word, word)
    context.world.expect(named, f"the refusal does not name {what}: {refusal}")


@then("the request is refused as unsupported by {provider:Provider}")
def refused_as_unsupported(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("unsupported")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")


@then("the request is refused because {provider:Provider} does not accept the key")
def refused_for_the_key(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("authentication")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")


@then('the refusal lists the purposes "{purposes}"')
def refusal_lists(context: Context, purposes: str) -> None:
    refusal = context.world.refusal()
    missing = [word for word in re.split(r",\s*", purposes) if word not in refusal.message]
    context.world.expect(not missing, f"the refusal does not name {missing}: {refusal}")


def own_refusal(world: World, provider: Provider) -> TouchstoneError:
    """The provider's own refusal of a request that is wrong, its message kept word for word."""
    refusal = world.refusal("invalid_request")
    world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    world.expect(refusal.status == 400, f"the provider answered {refusal.status}")
    said = world.sent()[-1].response.json()["error"]["message"]
    world.expect(said == refusal.provider_message, f"the provider said {said!r}, kept is {refusal.provider_message!r}")
    return refusal


@then("{provider:Provider} refuses the request as invalid, in its own words")
def provider_refuses(context: Context, provider: Provider) -> None:
    own_refusal(context.world, provider)


@then("{provider:Provider} refuses the request as invalid, naming the {param:Word}, in its own words")
def provider_refuses_naming(context: Context, provider: Provider, param: str) -> None:
    refusal = own_refusal(context.world, provider)
    context.world.expect(refusal.param == param, f"the refusal names {refusal.param}")
