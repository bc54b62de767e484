"""Deviations of cached contexts, and of what is told of cached tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from support.simulator import latency
from support.simulator.deviations import operators as do
from support.simulator.deviations import paging
from support.simulator.deviations.deviation import ALL, Deviation
from support.simulator.wire import Answer, Call, Handler, Json

CREATE, LIST, GET = "caches.create", "caches.list", "caches.get"
UPDATE, DELETE, ASK = "caches.update", "caches.delete", "chat.create"

NAME = {"Gemini": "name"}
EXPIRES = {"Gemini": "expireTime"}
GEMINI, ANTHROPIC, OPENAI = ("Gemini",), ("Anthropic",), ("OpenAI",)
LEAST = (1024, 2048, 4096)
"""Least numbers of tokens that models keep (provider-facts 3.1)."""
FILLER = "More of the same. " * 12_000
A_KNOWN_MODEL = "models/gemini-2.5-flash"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ten_minutes_from_now(old: Json, call: Call) -> Json:
    later = call.now + timedelta(minutes=10)
    return old if _moment(old) == later else _rfc3339(later)


def _tokens_gone(provider: str, body: Json, call: Call) -> None:
    del provider, call
    if "usageMetadata" in body:
        body["usageMetadata"]["totalTokenCount"] = 0


def _unmarked(provider: str, body: Json) -> Json:
    """A question without any mark of what is to be cached."""
    del provider
    if isinstance(body, dict):
        return {key: _unmarked("", value) for key, value in body.items() if key != "cache_control"}
    return [_unmarked("", item) for item in body] if isinstance(body, list) else body


def _for_five_minutes(provider: str, body: Json) -> Json:
    """A question whose marks ask for no longer life than the usual five minutes (provider-facts 3.2)."""
    if isinstance(body, dict):
        marked = {key: _for_five_minutes(provider, value) for key, value in body.items()}
        if isinstance(marked.get("cache_control"), dict):
            marked["cache_control"].pop("ttl", None)
        return marked
    return [_for_five_minutes(provider, item) for item in body] if isinstance(body, list) else body


def _details(body: Json) -> Json:
    """OpenAI's details of the prompt's tokens."""
    return body.get("usage", {}).get("prompt_tokens_details", {})


def _hit_on_first(provider: str, body: Json, call: Call) -> None:
    del provider, call
    details = _details(body)
    if details and not details["cached_tokens"] and body["usage"]["prompt_tokens"] >= 1024:
        details["cached_tokens"] = 1024
        details["cache_write_tokens"] = 0


def _hit_below_1024(provider: str, body: Json, call: Call) -> None:
    del provider, call
    details = _details(body)
    if details and body["usage"]["prompt_tokens"] < 1024:
        details["cached_tokens"] = body["usage"]["prompt_tokens"] // 2


def _details_missing(provider: str, body: Json, call: Call) -> None:
    del provider, call
    if _details(body).get("cached_tokens"):
        del body["usage"]["prompt_tokens_details"]


def _not_reported(provider: str, body: Json, call: Call) -> None:
    """What came from a cache is told as if it had not (provider-facts 3.1 to 3.3)."""
    del call
    if provider == "Gemini":
        body.get("usageMetadata", {}).pop("cachedContentTokenCount", None)
        body.get("usageMetadata", {}).pop("cacheTokensDetails", None)
    elif provider == "OpenAI":
        if _details(body):
            _details(body)["cached_tokens"] = 0
    elif "usage" in body:
        body["usage"]["cache_read_input_tokens"] = 0


def _prompt_without_cached(provider: str, body: Json, call: Call) -> None:
    del call
    if provider == "Gemini":
        counts = body.get("usageMetadata", {})
        if "promptTokenCount" in counts:
            counts["promptTokenCount"] -= counts.get("cachedContentTokenCount", 0)
    elif "usage" in body:
        body["usage"]["prompt_tokens"] -= _details(body).get("cached_tokens", 0)


def _reads(body: Json) -> bool:
    return isinstance(body, dict) and bool(body.get("usage", {}).get("cache_read_input_tokens"))


def _longer(provider: str, body: Json) -> Json:
    """The contents with so much text behind them that they are large enough."""
    del provider
    if isinstance(body, dict) and isinstance(body.get("contents"), list):
        body["contents"].append({"role": "user", "parts": [{"text": FILLER}]})
    return body


def _for_a_known_model(provider: str, body: Json) -> Json:
    del provider
    return {**body, "model": A_KNOWN_MODEL} if isinstance(body, dict) else body


def _too_small(body: Json) -> tuple[int, Json]:
    tokens = body["usageMetadata"]["totalTokenCount"]
    said = f"Cached content is too small. total_token_count={tokens}, min_total_token_count={tokens}"
    return 400, {"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}}


def _cached_like_uncached(durations: Mapping[str, float]) -> Mapping[str, float]:
    of = {**latency.USUAL, **durations}
    return {**of, "chat.cached_token": of["chat.uncached_token"]}


def _from_creation(memory: do.Memory, state: object, call: Call, handler: Handler) -> Answer:
    """A new lifetime is counted from the cache's creation instead of from now."""
    if call.operation == CREATE:
        answer = handler(state, call)
        memory.things[answer.body["name"]] = call.now
        return answer
    created = memory.things.get(f"cachedContents/{call.params['cache']}")
    ttl = call.body.get("ttl") if isinstance(call.body, dict) else None
    if created is None or not isinstance(ttl, str) or created == call.now:
        return handler(state, call)
    left = float(ttl.removesuffix("s")) - (call.now - created).total_seconds()
    answer = handler(state, replace(call, body={**call.body, "ttl": f"{max(left, 0.001):f}s"}))
    memory.fired += 1
    return answer


def caching() -> list[Deviation]:
    """Of keeping contexts, of what is told of them, and of how long they live."""
    return [*_keeping(), *_changing(), *_listing(), *_living(), *_counting()]


def _keeping() -> list[Deviation]:
    return [
        Deviation(
            "cache.create.ttl_ignored",
            "Every cache lives for one hour, whatever was asked.",
            (CREATE,),
            do.ignore_parameter("ttl", "expireTime"),
            GEMINI,
        ),
        Deviation(
            "cache.create.zero_tokens",
            "A cache is said to have no tokens.",
            (CREATE, GET),
            do.change_answer(_tokens_gone),
            GEMINI,
        ),
        Deviation(
            "cache.create.accepts_unknown_model",
            "A cache is made for a model that does not exist.",
            (CREATE,),
            do.where_refused(_for_a_known_model),
            GEMINI,
        ),
        Deviation(
            "cache.create.partial_on_error",
            "A cache that was refused is listed all the same.",
            (CREATE,),
            do.where_refused(_for_a_known_model, still_refuse=True),
            GEMINI,
        ),
        Deviation(
            "cache.min.not_enforced",
            "A cache of a few tokens is accepted.",
            (CREATE,),
            do.where_refused(_longer),
            GEMINI,
        ),
        Deviation(
            "cache.min.off_by_one",
            "Exactly the least number of tokens is refused.",
            (CREATE,),
            do.refuse_where(lambda body: body["usageMetadata"]["totalTokenCount"] in LEAST, _too_small),
            GEMINI,
        ),
        Deviation(
            "cache.anthropic.never_creates",
            "Marks are accepted, but nothing is written to the cache.",
            (ASK,),
            do.replace_body(_unmarked),
            ANTHROPIC,
        ),
        Deviation(
            "cache.anthropic.hour_as_five_minutes",
            "What is to be kept for an hour is written for five minutes.",
            (ASK,),
            do.replace_body(_for_five_minutes),
            ANTHROPIC,
        ),
        Deviation(
            "cache.openai.hit_on_first",
            "A prefix that was never seen before is read from the cache.",
            (ASK,),
            do.change_answer(_hit_on_first),
            OPENAI,
        ),
        Deviation(
            "cache.openai.hit_below_1024",
            "A short prompt is read from the cache.",
            (ASK,),
            do.change_answer(_hit_below_1024),
            OPENAI,
        ),
    ]


def _changing() -> list[Deviation]:
    return [
        Deviation(
            "cache.update.accepted_unchanged",
            "A new lifetime is acknowledged, and the cache expires as before.",
            (CREATE, UPDATE),
            do.hold_field(EXPIRES, (CREATE,), when=lambda old, new: True),
            GEMINI,
        ),
        Deviation(
            "cache.update.from_create_time",
            "A new lifetime is counted from the cache's creation.",
            (CREATE, UPDATE),
            _from_creation,
            GEMINI,
        ),
        Deviation(
            "cache.update.not_persisted",
            "The answer to a change is right, but the cache stays as it was.",
            (UPDATE,),
            do.on_a_copy(),
            GEMINI,
        ),
        Deviation(
            "cache.update.no_shortening",
            "A shorter lifetime is acknowledged and ignored.",
            (CREATE, UPDATE),
            do.hold_field(EXPIRES, (CREATE,), when=lambda old, new: _moment(new) < _moment(old)),
            GEMINI,
        ),
        Deviation(
            "cache.delete.ghost_listed",
            "A deletion is acknowledged, but the cache is still listed.",
            (LIST, DELETE),
            do.stale_read((LIST,), since=DELETE),
            GEMINI,
        ),
        Deviation(
            "cache.delete.still_usable",
            "A deleted cache can still be used in a question.",
            (ASK, DELETE),
            do.stale_read((ASK,), since=DELETE),
            GEMINI,
        ),
    ]


def _listing() -> list[Deviation]:
    return [
        Deviation(
            "cache.get.slides_expiry",
            "Every look at a cache moves the end of its life.",
            (GET,),
            do.rewrite(EXPIRES, _ten_minutes_from_now),
            GEMINI,
        ),
        Deviation(
            "cache.get.wrong_record",
            "A cache's record answers that of another cache.",
            (CREATE, GET),
            do.other_record(CREATE, NAME),
            GEMINI,
        ),
        Deviation(
            "cache.get.unknown_answers_empty_200",
            "A cache that does not exist is answered with nothing, and success.",
            (GET,),
            do.acknowledge_refusal(200, {}),
            GEMINI,
        ),
        Deviation(
            "cache.list.token_loops",
            "The last page of the list leads back to the first.",
            (LIST,),
            paging.loops(paging.CACHES),
            GEMINI,
        ),
        Deviation(
            "cache.list.page_size_ignored",
            "All caches come on the first page.",
            (LIST,),
            do.ignore_parameter("pageSize"),
            GEMINI,
        ),
        Deviation(
            "cache.list.duplicates_across_pages",
            "The last cache of a page is also the first of the next.",
            (LIST,),
            paging.pages_overlap(paging.CACHES),
            GEMINI,
        ),
    ]


def _living() -> list[Deviation]:
    return [
        Deviation(
            "cache.expiry.never",
            "An expired cache can still be read about, listed and used.",
            (CREATE, GET, LIST, ASK),
            do.at_another_time(do.noted, notes=(CREATE,)),
            GEMINI,
        ),
        Deviation(
            "cache.expiry.on_list_only",
            "An expired cache is missing from the list, but can still be read about.",
            (CREATE, GET),
            do.at_another_time(do.noted, notes=(CREATE,)),
            GEMINI,
        ),
        Deviation(
            "cache.expiry.early",
            "A cache is gone half a minute before its time.",
            (GET, LIST, ASK),
            do.at_another_time(lambda memory, call: call.now + timedelta(seconds=30)),
            GEMINI,
        ),
        Deviation(
            "cache.anthropic.no_refresh_on_use",
            "A use of the cache does not renew its life.",
            (ASK,),
            do.lose_effect(_reads),
            ANTHROPIC,
        ),
    ]


def _counting() -> list[Deviation]:
    return [
        Deviation(
            "cache.anthropic.read_not_reported",
            "What is read from the cache is not told.",
            (ASK,),
            do.change_answer(_not_reported),
            ANTHROPIC,
        ),
        Deviation(
            "cache.openai.cached_tokens_missing",
            "The details of the prompt's tokens are missing when some came from the cache.",
            (ASK,),
            do.change_answer(_details_missing),
            OPENAI,
        ),
        Deviation(
            "usage.cached_not_reported",
            "Cached tokens are left out of the usage.",
            (ASK,),
            do.change_answer(_not_reported),
            ALL,
        ),
        Deviation(
            "usage.prompt_excludes_cached",
            "The prompt's tokens are told without those from the cache.",
            (ASK,),
            do.change_answer(_prompt_without_cached),
            ("OpenAI", "Gemini"),
        ),
        Deviation(
            "cache.lost_after_first_turn",
            "Only the first question finds the cache.",
            (ASK,),
            do.from_nth(2, do.change_answer(_not_reported)),
            ALL,
        ),
        Deviation(
            "latency.cache_no_faster",
            "Tokens from the cache take as long as others.",
            (ASK,),
            do.with_durations(_cached_like_uncached),
            ALL,
        ),
    ]
