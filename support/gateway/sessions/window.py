"""What of a history is sent: as much of its newest part as the model's window has room for, by the provider's own count.

A token is at least one byte, so what is small by its bytes is not counted at all. Else the bytes of what was counted tell where
the limit may be, and after a few such guesses what is between is halved: what is counted is of the window's size, not the history's.
"""

from collections.abc import Awaitable, Callable, Sequence

from pydantic_core import to_json

from support.catalogue.models import model_named
from support.errors import ContextOverflow
from support.gateway.chat import LARGEST_WINDOW
from support.gateway.sessions import limits
from support.gateway.sessions.values import SessionMessage, SessionSettings, Strategy
from support.values import FunctionTool, Message, Provider

Count = Callable[[Sequence[Message]], Awaitable[int]]
"""Input tokens of a request with these messages, the system prompt among them."""

BYTES_OF_A_MESSAGE = 64
"""Stands for the tokens by which providers mark roles and the parts of a message."""
BYTES_OF_A_TOKEN = 4
"""Of English, for the first guess."""
GUESSES = 4
UNKNOWN = LARGEST_WINDOW
"""Bytes of a message with a stored file or a picture: only the provider knows how much it is."""


def room(settings: SessionSettings, provider: Provider, model: str, max_output_tokens: int) -> int:
    """The most tokens that a question may have."""
    known = model_named(provider, model)
    window = settings.window_tokens or (known.context_window_tokens if known else LARGEST_WINDOW)
    reserve = max_output_tokens if settings.reserve_tokens is None else settings.reserve_tokens
    return window - reserve


def beginnings(entries: Sequence[SessionMessage]) -> list[int]:
    """Where a request may begin, oldest first: with what the user said, which all providers ask for.

    Where no such message is left, with a call of a function, never with its result.
    """
    allowed = [place for place, entry in enumerate(entries) if limits.may_begin(entry)]
    return [place for place in allowed if entries[place].message.role == "user"] or allowed


def system_of(system: str | None) -> str | None:
    """The system prompt that goes with a request: always all of it."""
    return system


def sent(history: Sequence[SessionMessage], newest: SessionMessage, first: int) -> list[Message]:
    """The messages of a request that begins at a place of the history; the newest message is always the last.

    An answer with nothing in it is left out, which providers refuse to read.
    """
    said = (entry.message for entry in history[first:])
    return [*(one for one in said if one.text or one.calls or one.role == "user"), newest.message]


def size_of(message: Message) -> int:
    """The bytes of a message: it has no more tokens."""
    if message.files or message.pictures:
        return UNKNOWN
    size = BYTES_OF_A_MESSAGE + len(message.text.encode())
    for part in (*message.calls, *message.outputs):
        size += len(to_json(part))
    return size


def size_of_question(system: str | None, tools: Sequence[FunctionTool]) -> tuple[int, int]:
    """The bytes of the system prompt, and of the functions, of which no counting endpoint is told."""
    told = BYTES_OF_A_MESSAGE + len((system or "").encode())
    return told, sum(len(to_json(tool)) for tool in tools)


async def first_sent(
    history: Sequence[SessionMessage],
    newest: SessionMessage,
    *,
    room: int,
    strategy: Strategy,
    system: str | None,
    tools: Sequence[FunctionTool],
    most: int | None,
    count: Count,
) -> int:
    """The place in the history with which the request begins. Raises ContextOverflow where the window has no room."""
    entries = [*history, newest]
    least = limits.first_kept(entries, most)
    places = [place for place in beginnings(entries[least:]) if place + least < len(entries)]
    places = [place + least for place in places] or [len(entries) - 1]
    told, untold = size_of_question(system, tools)
    if strategy == "error":
        places = places[:1]
    return await oldest_that_fits(history, newest, places, room - untold, told, count)


async def oldest_that_fits(
    history: Sequence[SessionMessage],
    newest: SessionMessage,
    places: Sequence[int],
    room: int,
    told: int,
    count: Count,
) -> int:
    """The first of the places from which on everything fits."""

    async def counted(step: int) -> int:
        return await count(sent(history, newest, places[step]))

    sizes = _sizes(history, newest, places, told)
    fitting = _step(sizes, room)
    if fitting == len(places):
        fitting -= 1
        tokens = await counted(fitting)
        if tokens > room:
            raise _overflow(room, tokens, len(places))
    lowest, seen_over, reach, counts = 0, False, room * BYTES_OF_A_TOKEN, 0
    while lowest < fitting:
        guess = min(max(_step(sizes, reach), lowest), fitting - 1)
        step = (lowest + fitting) // 2 if seen_over and counts >= GUESSES else guess
        tokens = await counted(step)
        counts += 1
        reach = sizes[step] * room // max(tokens, 1)
        if tokens > room:
            lowest, seen_over = step + 1, True
        else:
            fitting = step
            if counts >= GUESSES:
                reach = max(reach, 2 * sizes[step])
    return places[fitting]


def _sizes(history: Sequence[SessionMessage], newest: SessionMessage, places: Sequence[int], told: int) -> list[int]:
    """The bytes of a request from each place on."""
    sizes = [0] * len(places)
    size = told + size_of(newest.message)
    end = len(history)
    for step in range(len(places) - 1, -1, -1):
        for place in range(places[step], end):
            size += size_of(history[place].message)
        end = min(end, places[step])
        sizes[step] = size
    return sizes


def _step(sizes: Sequence[int], reach: int) -> int:
    """The oldest place from which on there are at most so many bytes; past the last one where none has so few."""
    low, high = 0, len(sizes)
    while low < high:
        middle = (low + high) // 2
        if sizes[middle] <= reach:
            high = middle
        else:
            low = middle + 1
    return low


def _overflow(room: int, tokens: int, places: int) -> ContextOverflow:
    what = "the history" if places > 1 else "the question"
    return ContextOverflow(
        f"{what} has {tokens} input tokens, and the window has room for {max(room, 0)};"
        " shorten it, or take a model with a larger window"
    )
