"""Marks of what Anthropic is to cache: `cache_control` on the last block of each marked place (provider-facts 3.3)."""

from datetime import timedelta
from typing import Any

from support.gateway.refusing import refused
from support.values import CacheMarks, Provider

MOST_MARKS = 4
_LIFETIMES = {timedelta(minutes=5): "5m", timedelta(hours=1): "1h"}


def mark(arguments: dict[str, Any], marks: CacheMarks) -> None:
    """Puts the marks into the SDK's arguments; raises InvalidRequest for too many, for a message
    or for a lifetime that there is not."""
    places = places_of(arguments, marks)
    if len(places) > MOST_MARKS:
        raise refused(
            Provider.ANTHROPIC, "cache_control", f"at most {MOST_MARKS} places can be marked, not {len(places)}"
        )
    control = {"type": "ephemeral", "ttl": lifetime(marks)}
    if "system" in places:
        arguments["system"] = [{"type": "text", "text": arguments["system"], "cache_control": control}]
    for place in places:
        if isinstance(place, int):
            message = arguments["messages"][place]
            blocks = _blocks(message["content"])
            arguments["messages"][place] = {
                **message,
                "content": [*blocks[:-1], {**blocks[-1], "cache_control": control}],
            }


def lifetime(marks: CacheMarks) -> str:
    """The lifetime in the provider's spelling."""
    known = _LIFETIMES.get(marks.lifetime)
    if known is None:
        raise refused(Provider.ANTHROPIC, "ttl", f"a mark lives for 5 minutes or 1 hour, not for {marks.lifetime}")
    return known


def places_of(arguments: dict[str, Any], marks: CacheMarks) -> list[str | int]:
    """Where the marks go: the system prompt, and messages by their number from the beginning."""
    count = len(arguments["messages"])
    for number in marks.messages:
        if not -count <= number < count:
            raise refused(
                Provider.ANTHROPIC, "cache_control", f"there is no message {number} to mark: the question has {count}"
            )
    system: list[str | int] = ["system"] if marks.system and "system" in arguments else []
    return [*system, *dict.fromkeys(number % count for number in marks.messages)]


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
