"""The routes of runs and of their steps (recordings: runs create, get, list, create stream, submit tool outputs, run steps).

A client that polls is told to come back soon, as the SDK's helpers understand it (provider-facts 4.3). Unverified: which words
refuse tool outputs for an unknown call or for one call twice, and that a run can be changed only once it has ended.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from support.simulator.openai import checks, pages
from support.simulator.openai.assistants_v2 import access, messages, requests, run_requests, running, shown
from support.simulator.openai.assistants_v2.access import while_it_lived
from support.simulator.openai.assistants_v2.kept import Run, Step, Thread
from support.simulator.openai.assistants_v2.run_stream import HEADERS, Events
from support.simulator.openai.assistants_v2.threads_routes import made
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

CONTENTS = "step_details.tool_calls[*].file_search.results[*].content"
POLL = {"openai-poll-after-ms": "20"}


def create(state: OpenAIState, call: Call) -> Answer:
    thread = access.thread(state, call)
    contents = _included(call)
    body: dict[str, Any] = call.body
    checks.check(body, run_requests.RULES)
    run = run_requests.read(state, call, body, thread.id)
    drafted = messages.drafts(state, call, body.get("additional_messages"), "additional_messages")
    if (active := thread.active()) is not None:
        raise refusal(400, f"Thread {thread.id} already has an active run {active.id}.")
    if not thread.messages and not drafted and not run.settings.instructions:
        raise _nothing_to_do()
    messages.post(state, call, thread, drafted)
    return _begun(state, call, thread, run, contents=contents)


def create_with_thread(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, run_requests.RULES_WITH_THREAD)
    run = run_requests.read(state, call, body, "")
    given = body.get("thread") or {}
    if not given.get("messages") and not run.settings.instructions:
        raise _nothing_to_do()
    thread = made(state, call, given, "thread.")
    thread.resources = run_requests.resources_of_run(state, call, body.get("tool_resources"), thread.resources)
    run.thread_id = thread.id
    return _begun(state, call, thread, run, contents=False, new=True)


def _nothing_to_do() -> Exception:
    message = "Run creation requires a Thread with a user message or an assistant with instructions."
    return refusal(400, message, code="invalid_thread")


def _begun(state: OpenAIState, call: Call, thread: Thread, run: Run, *, contents: bool, new: bool = False) -> Answer:
    """The run as it begins, or all of it as a stream."""
    thread.runs[run.id] = run
    if not call.body.get("stream"):
        return _shown(run)
    events = Events(thread, contents=contents)
    if new:
        events.thread_created()
    events.run_created(run)
    return _streamed(state, call, thread, run, events)


def _streamed(state: OpenAIState, call: Call, thread: Thread, run: Run, events: Events) -> Answer:
    """The run goes on with its stream, and the clock with both."""
    last = running.proceed(state, thread, run, running.FOR_EVER, events)
    seconds = max(0.0, last - call.now.timestamp())
    return Answer(200, None, dict(HEADERS), events=iter(events.finished()), seconds=seconds)


def list_runs(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, pages.page(call, access.thread(state, call).runs, shown.run))


def get(state: OpenAIState, call: Call) -> Answer:
    return _shown(access.run(state, call)[1])


def modify(state: OpenAIState, call: Call) -> Answer:
    _, run = access.run(state, call)
    checks.check(call.body, {"metadata": Rule("any")})
    metadata = requests.metadata(call.body.get("metadata"))
    if not run.ended:
        raise refusal(400, f"Cannot update run with status '{run.status}'.")
    if "metadata" in call.body:
        run.metadata = metadata
    return _shown(run)


def cancel(state: OpenAIState, call: Call) -> Answer:
    _, run = access.run(state, call)
    if run.ended or run.status == "cancelling":
        raise refusal(400, f"Cannot cancel run with status '{run.status}'.")
    running.cancel(run, call.now.timestamp())
    return _shown(run)


def submit_tool_outputs(state: OpenAIState, call: Call) -> Answer:
    thread, run = access.run(state, call)
    checks.check(call.body, {"tool_outputs": Rule("array"), "stream": Rule("boolean")})
    given = run_requests.tool_outputs(call.body.get("tool_outputs"))
    if run.status != "requires_action":
        raise refusal(400, f'Runs in status "{run.status}" do not accept tool outputs.')
    wanted = [pending["id"] for pending in run.pending()]
    if Counter(call_id for call_id, _ in given) != Counter(wanted):
        got = [call_id for call_id, _ in given]
        raise refusal(400, f"Expected tool outputs for call_ids {wanted!r}, got {got!r}")
    run.outcome = call.outcome or run.outcome
    now = call.now.timestamp()
    if not call.body.get("stream"):
        running.submit(run, dict(given), now)
        return _shown(run)
    events = Events(thread, contents=False)
    running.submit(run, dict(given), now, events)
    return _streamed(state, call, thread, run, events)


def _shown(run: Run) -> Answer:
    return Answer(200, shown.run(run), {} if run.ended else dict(POLL))


# Steps --------------------------------------------------------------------------------------------------------------


def list_steps(state: OpenAIState, call: Call) -> Answer:
    _, run = access.run(state, call)
    contents = _included(call)
    return Answer(200, pages.page(call, run.steps, lambda step: shown.step(run, step, contents=contents)))


def get_step(state: OpenAIState, call: Call) -> Answer:
    _, run = access.run(state, call)
    contents = _included(call)
    step: Step | None = run.steps.get(call.params["step_id"])
    if step is None:
        raise access.no_such("run step", call.params["step_id"])
    return Answer(200, shown.step(run, step, contents=contents))


def _included(call: Call) -> bool:
    """Whether steps are to tell the passages that a search found."""
    wanted = [*call.query.get("include[]", ()), *call.query.get("include", ())]
    for name in wanted:
        if name != CONTENTS:
            raise checks.invalid_value(name, (CONTENTS,), "include[0]")
    return bool(wanted)


_RUNS = "/v1/threads/{thread_id}/runs"
_RUN = f"{_RUNS}/{{run_id}}"
ROUTES = tuple(
    Route(method, path, operation, while_it_lived(handler), "json" if method == "POST" else "none")
    for method, path, operation, handler in (
        ("POST", "/v1/threads/runs", "runs.create_with_thread", create_with_thread),
        ("POST", _RUNS, "runs.create", create),
        ("GET", _RUNS, "runs.list", list_runs),
        ("GET", _RUN, "runs.get", get),
        ("POST", _RUN, "runs.update", modify),
        ("POST", f"{_RUN}/cancel", "runs.cancel", cancel),
        ("POST", f"{_RUN}/submit_tool_outputs", "runs.submit_tool_outputs", submit_tool_outputs),
        ("GET", f"{_RUN}/steps", "run_steps.list", list_steps),
        ("GET", f"{_RUN}/steps/{{step_id}}", "run_steps.get", get_step),
    )
)
