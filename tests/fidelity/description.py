"""OpenAI's published description of its interface, which says what an answer looks like where nobody recorded one.

It is older than the simulator's present, and writes `nullable` as versions before it did. Where the recordings contradict it, they win:
REFUTED and RENAMED name those places.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.fidelity.recordings import SHARED

DESCRIPTION = SHARED / "specs" / "openai.yaml"

REFUTED = {
    ("OpenAIFile", "expires_at"): "null in every recording of a file that stays",
    ("OpenAIFile", "status_details"): "null in every recording of a file that is well",
    (
        "ListFilesResponse",
        "first_id",
    ): "null in the recordings of empty lists, all of another kind of thing (runs, 2025-10)",
    ("ListFilesResponse", "last_id"): "the same",
    ("ListVectorStoresResponse", "first_id"): "the same",
    ("ListVectorStoresResponse", "last_id"): "the same",
    ("ListVectorStoreFilesResponse", "first_id"): "the same",
    ("ListVectorStoreFilesResponse", "last_id"): "the same",
    ("VectorStoreObject", "name"): "null in the recordings of stores that were given none",
    ("VectorStoreObject", "expires_after"): "null in every recording of a store that stays",
    ("VectorStoreObject", "description"): "in every recording since 2025-09, null where none was given",
    (
        "TextResponseFormatJsonSchema",
        "description",
    ): "null in every recording of an answer that fits a schema without one",
    ("ModelResponseProperties", "user"): "null in every recording of a response without one",
    **{
        (
            "ResponseProperties",
            name,
        ): "in every recording of a response since 2026-02; billing since 2025-11, tool_usage since 2026-07"
        for name in ("billing", "frequency_penalty", "presence_penalty", "store", "tool_usage")
    },
    **{
        (f"Response{kind}DeltaEvent", "obfuscation"): "in every recording since 2025-09"
        for kind in ("Text", "FunctionCallArguments", "CodeInterpreterCallCode")
    },
    ("ContainerFileListResource", "first_id"): "as in other lists that are empty",
    ("ContainerFileListResource", "last_id"): "the same",
}
"""Properties that are null where the description knows none, or that it does not know at all, with what shows it."""

RENAMED = {
    ("VectorStoreFileBatchObject", "object"): "vector_store.file_batch",  # in every recording; `files_batch` in none
}
"""Properties whose only value is another than the description says."""


class Description:
    """The description, read once."""

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = yaml.load(DESCRIPTION.read_bytes(), yaml.CSafeLoader)
        for schema, name in REFUTED:
            document["components"]["schemas"][schema]["properties"].setdefault(name, {})["nullable"] = True
        for (schema, name), value in RENAMED.items():
            document["components"]["schemas"][schema]["properties"][name]["enum"] = [value]
        _allow_null(document["components"]["schemas"])
        return document

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """What is said of a request. Raises KeyError for one that is not described."""
        described: dict[str, dict[str, Any]] = self._document["paths"]
        plain = path.removeprefix("/v1")
        for template in sorted(described, key=lambda name: name.count("{")):
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, plain) and method.lower() in described[template]:
                found: dict[str, Any] = described[template][method.lower()]
                return found
        raise KeyError(f"{method} {path}")

    def faults(self, method: str, path: str, content_type: str, body: Any) -> list[str]:
        """What is wrong with a success, or with one event of a stream; a key that is not described is wrong, too."""
        content = self.operation(method, path)["responses"]["200"]["content"]
        return self._faults(content[content_type.partition(";")[0]]["schema"], body)

    def refusal_faults(self, body: Any) -> list[str]:
        """What is wrong with a refusal; no operation describes its own."""
        return self._faults({"$ref": "#/components/schemas/ErrorResponse"}, body)

    def _faults(self, schema: dict[str, Any], body: Any) -> list[str]:
        whole = {**schema, "unevaluatedProperties": False, "components": self._document["components"]}
        return [f"{error.json_path}: {error.message[:300]}" for error in Draft202012Validator(whole).iter_errors(body)]


def _allow_null(schema: Any) -> None:
    """Writes `nullable` as the schema language of today does."""
    if isinstance(schema, list):
        for item in schema:
            _allow_null(item)
    if not isinstance(schema, dict):
        return
    for item in schema.values():
        _allow_null(item)
    if schema.get("nullable") is True:
        described = {key: schema.pop(key) for key in tuple(schema) if key != "nullable"}
        del schema["nullable"]
        schema["anyOf"] = [described, {"type": "null"}]
