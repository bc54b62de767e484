"""General ways to misbehave, for any resource of any provider: each wraps a handler and says when it really did."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from support.simulator.faults import CutConnection
from support.simulator.wire import Answer, Call, Form, FormFile, Handler, Json, Refusal


@dataclass(slots=True)
class Memory:
    """What a deviation remembers for one tenant: anything by any key, and how often it has changed something.

    `round` is shared by the requests of one operation that overlap. `delay` is how long, in seconds of real time,
    the answer at hand is to be held back.
    """

    things: dict[Any, Any] = field(default_factory=dict)
    fired: int = 0
    round: int = 0
    delay: float = 0.0


Operator: TypeAlias = Callable[[Memory, Any, Call, Handler], Answer]
# a value by provider name; a provider that is left out is left alone
Each: TypeAlias = Mapping[str, str]
Objects: TypeAlias = Callable[[Json], Sequence[dict[str, Json]]]


# under which key a list answer holds its items: OpenAI and Anthropic, Gemini
LIST_KEYS = ("data", "files", "cachedContents", "fileSearchStores", "documents")


def objects_of(body: Json) -> list[dict[str, Json]]:
    """The records in an answer: a bare one, one wrapped as {"file": ...}, or the items of a list."""
    if not isinstance(body, dict):
        return []
    for key in (*LIST_KEYS, "file"):
        held = body.get(key)
        if isinstance(held, dict):
            return [held]
        if isinstance(held, list):
            return [item for item in held if isinstance(item, dict)]
    return [body]


def rewrite(name: Each, new: Callable[[Json, Call], Json]) -> Operator:
    """Answer another value for a field (`name` by provider), in single records and in list items.

    `new(old value, call)` gives the value; DROP leaves the field out. Records without the field are left alone.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(state, call)
        key = name[call.provider]
        body = copy.deepcopy(answer.body)
        changed = False
        for record in objects_of(body):
            if key in record and (value := new(record[key], call)) != record[key]:
                changed = True
                if value is DROP:
                    del record[key]
                else:
                    record[key] = value
        return _fire(memory, replace(answer, body=body)) if changed else answer

    return operator


DROP: Json = object()


def ignore_parameter(*names: str) -> Operator:
    """Run the handler as if these query parameters, form fields or top-level JSON keys had not been sent.

    A name that ends in "[" stands for all that begin with it (`expires_after[`).
    """

    def unwanted(sent: str) -> bool:
        return any(sent == name or (name.endswith("[") and sent.startswith(name)) for name in names)

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        query = {key: values for key, values in call.query.items() if not unwanted(key)}
        body = call.body
        if isinstance(body, Form):
            body = Form({key: values for key, values in body.fields.items() if not unwanted(key)}, body.files)
        elif isinstance(body, dict):
            body = {key: value for key, value in body.items() if not unwanted(key)}
        if query == call.query and body == call.body:
            return handler(state, call)
        answer = handler(state, replace(call, query=query, body=body))
        listed = _listed(answer.body)
        if listed is not None and listed == _listed(_outcome(handler, state, call).body):
            return answer  # what was ignored would have made no difference
        return _fire(memory, answer)

    return operator


def change_answer(change: Callable[[str, Json, Call], None]) -> Operator:
    """Answer a changed JSON body: `change(provider, a copy of the body, call)` works on the copy."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(state, call)
        if not isinstance(answer.body, dict):
            return answer
        body = copy.deepcopy(answer.body)
        change(call.provider, body, call)
        return answer if body == answer.body else _fire(memory, replace(answer, body=body))

    return operator


def from_nth(nth: int, inner: Operator) -> Operator:
    """Another operator, from the nth call of a provider on."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        place = ("calls", call.provider)
        count: int = memory.things.get(place, 0) + 1
        memory.things[place] = count
        return inner(memory, state, call, handler) if count >= nth else handler(state, call)

    return operator


def where_refused(change: Callable[[str, Json], Json], *, still_refuse: bool = False) -> Operator:
    """Where a JSON body is refused, take `change(provider, a copy of it)` instead; `still_refuse`: but answer the refusal."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        try:
            return handler(state, call)
        except Refusal:
            body = change(call.provider, copy.deepcopy(call.body))
            if body == call.body:
                raise
            answer = _fire(memory, handler(state, replace(call, body=body)))
            if still_refuse:
                raise
            return answer

    return operator


def acknowledge_refusal(status: int, body: Json) -> Operator:
    """Where the handler refuses, answer this instead."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        try:
            return handler(state, call)
        except Refusal:
            return _fire(memory, Answer(status, copy.deepcopy(body)))

    return operator


def refuse_where(is_wanted: Callable[[Json], bool], refusal: Callable[[Json], tuple[int, Json]]) -> Operator:
    """Where the answer would be `is_wanted`, do nothing and answer `refusal(its body)`: a status and a body."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        would_be = handler(copy.deepcopy(state), call)
        if not is_wanted(would_be.body):
            return handler(state, call)
        return _fire(memory, Answer(*refusal(would_be.body)))

    return operator


def lose_effect(when: Callable[[Json], bool]) -> Operator:
    """Run the handler on a copy of the state, so that its effect is lost, where its answer's body is one of these."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(copy.deepcopy(state), call)
        return _fire(memory, answer) if when(answer.body) else handler(state, call)

    return operator


def hold_field(name: Each, remembered: Collection[str], when: Callable[[Json, Json], bool]) -> Operator:
    """A change that would give a field another value is acknowledged, with the field as it was, and lost.

    `remembered`: the operations whose answers tell the field's value. `when(old, new)`: which changes are lost.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        key = name[call.provider]
        if call.operation in remembered:
            answer = handler(state, call)
            for record in objects_of(answer.body):
                memory.things[str(record.get("id", record.get("name")))] = record.get(key)
            return answer
        answer = handler(copy.deepcopy(state), call)
        (record,) = objects_of(answer.body)
        place = str(record.get("id", record.get("name")))
        if place not in memory.things or not when(memory.things[place], record[key]):
            answer = handler(state, call)
            memory.things[place] = objects_of(answer.body)[0][key]
            return answer
        return _fire(memory, replace(answer, body={**answer.body, key: memory.things[place]}))

    return operator


def at_another_time(
    moment: Callable[[Memory, Call], Any], notes: Collection[str] = (), *, by_body: bool = False
) -> Operator:
    """Run the handler as if it were another moment (None: the honest one), where that makes a difference.

    `notes`: operations that are run as always and whose time is remembered (`noted`). `by_body`: a difference in anything
    that is answered counts, for answers that are the same each time.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        if call.operation in notes:
            memory.things["noted"] = call.now
            return handler(state, call)
        other = moment(memory, call)
        if other is None or other == call.now:
            return handler(state, call)
        honest = _outcome(handler, copy.deepcopy(state), call)
        moved = _outcome(handler, copy.deepcopy(state), replace(call, now=other))
        same = honest.body == moved.body if by_body else _listed(honest.body) == _listed(moved.body)
        if honest.status == moved.status and same:
            return handler(state, call)
        return _fire(memory, _outcome(handler, state, replace(call, now=other)))

    return operator


def noted(memory: Memory, call: Call) -> Any:
    """A moment for `at_another_time`: that of the last operation that was noted."""
    del call
    return memory.things.get("noted")


def with_durations(change: Callable[[Mapping[str, float]], Mapping[str, float]]) -> Operator:
    """Run the handler with other durations than the tenant's."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        honest = _outcome(handler, copy.deepcopy(state), call)
        answer = handler(state, replace(call, durations=change(call.durations)))
        return answer if answer.seconds == honest.seconds else _fire(memory, answer)

    return operator


def replace_body(change: Callable[[str, Json], Json]) -> Operator:
    """Run the handler on another JSON body: `change(provider, a copy of the body)` gives it."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        body = change(call.provider, copy.deepcopy(call.body))
        if body == call.body:
            return handler(state, call)
        return _fire(memory, handler(state, replace(call, body=body)))

    return operator


def accept_value(name: str, substitute: str) -> Operator:
    """Where a form field's value is refused, store with `substitute`, and answer as if the value had been taken."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        taken: dict[str, str] = memory.things.setdefault(call.provider, {})
        try:
            answer = handler(state, call)
        except Refusal:
            sent = call.body.one(name) if isinstance(call.body, Form) else None
            if sent is None:
                raise
            form = Form({**call.body.fields, name: [substitute]}, call.body.files)
            answer = _fire(memory, handler(state, replace(call, body=form)))
            taken[str(answer.body["id"])] = sent
        body = copy.deepcopy(answer.body)
        for record in objects_of(body):
            if record.get("id") in taken:
                record[name] = taken[str(record["id"])]
        return replace(answer, body=body)

    return operator


def on_a_copy(nth: int | None = None) -> Operator:
    """Run the handler on a copy of the state, so that its effect is lost: always, or only the nth time it succeeds."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        count: int = memory.things.get(call.provider, 0) + 1
        lost = nth in (None, count)
        answer = handler(copy.deepcopy(state) if lost else state, call)
        memory.things[call.provider] = count  # a refusal has been raised by now and does not count
        return _fire(memory, answer) if lost else answer

    return operator


def stale_read(reads: Collection[str], since: str) -> Operator:
    """Serve `reads` from a state in which nothing that a successful `since` removed is gone."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        if call.operation == since:
            before = copy.deepcopy(state)
            answer = handler(state, call)  # a refusal removed nothing, and is raised here
            earlier = memory.things.get(call.provider)
            memory.things[call.provider] = before if earlier is None else _with_the_lost(before, earlier)
            return answer
        before = memory.things.get(call.provider)
        if before is None or call.operation not in reads:
            return handler(state, call)
        honest = _outcome(handler, copy.deepcopy(state), call)
        stale = _outcome(handler, _with_the_lost(copy.deepcopy(state), before), call)
        if honest.status == stale.status and _listed(honest.body) == _listed(stale.body):
            return handler(state, call)
        return _fire(memory, stale)

    return operator


def answer_again(
    key: Callable[[Memory, Call], Any], *, after_refusal: bool = False, only: Each | None = None
) -> Operator:
    """Answer an earlier success again for the same `key(memory, call)` (None: never), instead of running the handler.

    `after_refusal`: only where the handler refuses. `only`: take over just this field of the earlier record and the
    rest from a run on a copy of the state.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        found = key(memory, call)
        place = (call.provider, found)
        earlier: Answer | None = memory.things.get(place) if found is not None else None
        if earlier is None:
            answer = handler(state, call)
            if found is not None and answer.status < 300:
                memory.things[place] = copy.deepcopy(answer)
            return answer
        if after_refusal:
            try:
                return handler(state, call)
            except Refusal:
                return _fire(memory, copy.deepcopy(earlier))
        if only is None:
            return _fire(memory, copy.deepcopy(earlier))
        answer = copy.deepcopy(handler(copy.deepcopy(state), call))
        for record, known in zip(objects_of(answer.body), objects_of(earlier.body), strict=False):
            record[only[call.provider]] = known[only[call.provider]]
        return _fire(memory, answer)

    return operator


def other_record(creates: str, id_field: Each) -> Operator:
    """Run the handler with the id of another record that was created by `creates` and still exists.

    The id is taken to be the last parameter of the path.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        known = _remember_created(memory, state, call, handler, creates, id_field)
        if isinstance(known, Answer):
            return known
        answer = handler(state, call)  # what does not exist is refused as always
        asked = _last_parameter(call)[1]
        for other in known:
            if not _same(other, asked):
                outcome = _outcome(handler, state, _asking_for(call, other))
                if outcome.status < 300:
                    return _fire(memory, outcome)
        return answer

    return operator


def also_next(creates: str, id_field: Each) -> Operator:
    """Run the handler also for the record that was created right after the one it is asked for.

    The id is taken to be the last parameter of the path.
    """

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        known = _remember_created(memory, state, call, handler, creates, id_field)
        if isinstance(known, Answer):
            return known
        answer = handler(state, call)
        asked = _last_parameter(call)[1]
        for created, following in pairwise(known):
            if _same(created, asked):
                outcome = _outcome(handler, state, _asking_for(call, following))
                return _fire(memory, answer) if outcome.status < 300 else answer
        return answer

    return operator


def answer_status(status: int, body: Json = None) -> Operator:
    """Do what was asked, but answer another status (and body, if one is given)."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = _outcome(handler, state, call)
        if answer.status == status and body is None:
            return answer
        return _fire(memory, replace(answer, status=status, body=answer.body if body is None else body))

    return operator


def late(seconds: float) -> Operator:
    """Do what was asked, but answer only after so many seconds of real time."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        memory.delay = seconds
        return _fire(memory, _outcome(handler, state, call))

    return operator


def cut() -> Operator:
    """Do what was asked, then close the connection without an answer."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        _fire(memory, _outcome(handler, state, call))
        raise CutConnection

    return operator


def by_provider(operators: Mapping[str, Operator]) -> Operator:
    """A different operator for each provider."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        return operators[call.provider](memory, state, call, handler)

    return operator


def content_of(memory: Memory, call: Call) -> bytes | None:
    """A key for `answer_again`: the bytes that are uploaded."""
    del memory
    body = call.body
    if isinstance(body, bytes):
        return body
    if isinstance(body, Form):
        first: FormFile | None = next(iter(body.files.values()), None)
        return first.data if first else None
    return None


def path_of(memory: Memory, call: Call) -> str:
    """A key for `answer_again`: the path."""
    del memory
    return call.path


def overlap_of(memory: Memory, call: Call) -> tuple[str, int]:
    """A key for `answer_again`: requests of one operation that are open at the same time."""
    return call.operation, memory.round


def _fire(memory: Memory, answer: Answer) -> Answer:
    memory.fired += 1
    return answer


def _outcome(handler: Handler, state: Any, call: Call) -> Answer:
    try:
        return handler(state, call)
    except Refusal as refusal:
        return refusal.answer


def _same(record_id: str, asked: str) -> bool:
    """Whether two ways to name a record (`files/abc`, `abc`) mean the same."""
    return record_id.rpartition("/")[2] == asked.rpartition("/")[2]


def _last_parameter(call: Call) -> tuple[str, str]:
    return list(call.params.items())[-1]


def _asking_for(call: Call, record_id: str) -> Call:
    name, asked = _last_parameter(call)
    bare = record_id.rpartition("/")[2]
    return replace(call, params={**call.params, name: bare}, path=call.path.replace(asked, bare))


def _listed(body: Json) -> list[Json] | None:
    """The ids in a list, in order; None for any other answer (whose ids may be new each time)."""
    if not isinstance(body, dict) or not any(isinstance(body.get(key), list) for key in LIST_KEYS):
        return None
    return [record.get("id", record.get("name", record.get("file_id"))) for record in objects_of(body)]


def _remember_created(
    memory: Memory, state: Any, call: Call, handler: Handler, creates: str, id_field: Each
) -> Answer | list[str]:
    """Run a creating call and remember the id it answers; for any other call the ids so far, in order of creation."""
    known: list[str] = memory.things.setdefault(call.provider, [])
    if call.operation != creates:
        return known
    answer = handler(state, call)
    known.extend(str(record[id_field[call.provider]]) for record in objects_of(answer.body))
    return answer


def _with_the_lost(now: Any, before: Any) -> Any:
    """`now` with what `before` had besides: missing keys of dictionaries, wherever they are within dataclasses."""
    if isinstance(now, dict) and isinstance(before, dict):
        for key, value in before.items():
            if key in now:
                now[key] = _with_the_lost(now[key], value)
            else:
                now[key] = value
        return now
    if is_dataclass(now) and type(now) is type(before):
        for part in fields(now):
            mine = getattr(now, part.name)
            if isinstance(mine, dict) or is_dataclass(mine):
                _with_the_lost(mine, getattr(before, part.name))
    return now
