"""What OpenAI checks of a batch's input file before any request of it is done (provider-facts 7.1).

The codes are the provider's; the words are those that users quoted, or ours. Unverified: that at most fifty errors are
told, that blank lines are passed over, that an id may have any length, and the code for a file that is too large or gone.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

from pydantic_core import from_json

from support.simulator.batching import lines_of
from support.simulator.openai import checks, models
from support.simulator.wire import MEBIBYTE

LARGEST_INPUT = 200 * MEBIBYTE
MOST_REQUESTS = 50_000
MOST_ERRORS = 50
_TUNED = "ft:"
"""What the name of an account's own model begins with; whether it is theirs is found out when a request is done."""
_SCRIPTED = {
    "token_limit_exceeded": "Enqueued token limit reached for this model in organization org-touchstone. Limit: 2,000,000 "
    "enqueued tokens. Please try again once some in_progress batches have been completed.",
}
_NEEDED = ("custom_id", "method", "url", "body")


class Checked(NamedTuple):
    """What is wrong, as it is told; how many requests there are, and of which model."""

    errors: list[dict[str, Any]]
    total: int = 0
    model: str | None = None


def check(data: bytes, endpoint: str, most: int = MOST_REQUESTS) -> Checked:
    """Every line of an input file."""
    if len(data) > LARGEST_INPUT:
        said = f"The input file is too large: {len(data)} bytes. The maximum is {LARGEST_INPUT} bytes."
        return Checked([_error("file_too_large", said)])
    total = sum(1 for _ in lines_of(data))
    if not total:
        return Checked([_error("empty_file", "The input file is empty. It must contain at least one request.")])
    if total > most:
        said = f"The input file has too many requests: {total}. The maximum is {most} requests per batch."
        return Checked([_error("too_many_tasks", said)])
    found = _Findings(endpoint)
    for number, line in enumerate(BytesIO(data), 1):
        if not line.isspace():
            found.read(line, number)
    if found.errors:
        return Checked(found.errors)
    model = models.find(found.model or "")
    return Checked([], total, found.model if model is None else model.snapshot)


def unreadable(file_id: str) -> Checked:
    """A file that is not there (any more)."""
    return Checked([_error("invalid_input_file", f"The input file '{file_id}' does not exist or cannot be read.")])


def failing(code: str) -> Checked:
    """What a script wants to be found, whatever the file holds."""
    return Checked([_error(code, _SCRIPTED.get(code, "The batch could not be processed."))])


class _Findings:
    """What has been found in the lines so far."""

    def __init__(self, endpoint: str) -> None:
        self.errors: list[dict[str, Any]] = []
        self.model: str | None = None
        self._endpoint = endpoint
        self._ids: set[str] = set()

    def read(self, line: bytes, number: int) -> None:
        try:
            request = from_json(line, allow_inf_nan=False)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            self._add("invalid_json_line", "This line is not parseable as valid JSON.", None, number)
            return
        for name in _NEEDED:
            if request.get(name) is None:
                self._add("missing_required_parameter", f"Missing required parameter: '{name}'.", name, number)
        self._judge(request, number)

    def _judge(self, request: dict[str, Any], number: int) -> None:
        custom_id, method, url, body = (request.get(name) for name in _NEEDED)
        for name, value in (("custom_id", custom_id), ("method", method), ("url", url)):
            if value is not None and not isinstance(value, str):
                self._add_type(name, "a string", value, number)
        if isinstance(custom_id, str):
            if custom_id in self._ids:
                said = (
                    f"The custom_id '{custom_id}' for this request is a duplicate of another request. The custom_id "
                    "parameter must be unique for each request in a batch."
                )
                self._add("duplicate_custom_id", said, "custom_id", number)
            self._ids.add(custom_id)
        if isinstance(method, str) and method != "POST":
            said = f"The HTTP method '{method}' is not supported in a batch. It must be 'POST'."
            self._add("invalid_method", said, "method", number)
        if isinstance(url, str) and url != self._endpoint:
            said = f"The url '{url}' of this request does not match the endpoint of the batch, '{self._endpoint}'."
            self._add("url_mismatch", said, "url", number)
        if isinstance(body, dict):
            self._judge_model(body.get("model"), number)
        elif body is not None:
            self._add_type("body", "an object", body, number)

    def _judge_model(self, name: Any, number: int) -> None:
        if name is None:
            self._add("missing_required_parameter", "Missing required parameter: 'body.model'.", "body.model", number)
        elif not isinstance(name, str):
            self._add_type("body.model", "a string", name, number)
        elif self.model is None:
            self.model = name
            if models.find(name) is None and not name.startswith(_TUNED):
                said = f"The provided model '{name}' is not supported by the Batch API."
                self._add("model_not_found", said, "body.model", number)
        elif name != self.model:
            said = (
                f"The provided model '{name}' does not match the model '{self.model}' of the first request. All requests "
                "in a batch must use the same model."
            )
            self._add("model_mismatch", said, "body.model", number)

    def _add_type(self, param: str, expected: str, value: Any, number: int) -> None:
        said = f"Invalid type for '{param}': expected {expected}, but got {checks.named(value)} instead."
        self._add("invalid_type", said, param, number)

    def _add(self, code: str, message: str, param: str | None, line: int) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(_error(code, message, param, line))


def _error(code: str, message: str, param: str | None = None, line: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "param": param, "line": line}
