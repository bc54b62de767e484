"""What can be known to be wrong of assistants, messages and runs before anything is sent: each refusal names the field."""

from collections.abc import Mapping, Sequence

from support.catalogue.limits import assistant_limits
from support.gateway.refusing import refused
from support.values import CodeTool, FunctionTool, NewMessage, Provider, SearchTool, Tool, ToolChoice

ROLES = ("user", "assistant")
MARKER_KEY = "touchstone"
"""The entry of the metadata that says whose a resource is."""
_RESERVED = 1
"""Entries of metadata that the run's marker takes."""


def check_text(provider: Provider, field: str, text: str | None, longest: int) -> None:
    if text is not None and len(text) > longest:
        raise refused(provider, field, f"has {len(text)} characters; {longest} are allowed")


def check_described(
    provider: Provider, name: str | None, description: str | None, instructions: str | None, temperature: float | None
) -> None:
    """The texts of an assistant."""
    limits = assistant_limits(provider)
    check_text(provider, "name", name, limits.max_name_characters)
    check_text(provider, "description", description, limits.max_description_characters)
    check_text(provider, "instructions", instructions, limits.max_instructions_characters)
    if temperature is not None and not 0 <= temperature <= 2:
        raise refused(provider, "temperature", f"must be 0 to 2, not {temperature:g}")


def check_model(provider: Provider, model: str | None) -> str:
    if not model:
        raise refused(provider, "model", "is missing; an assistant needs one")
    return model


def check_metadata(provider: Provider, metadata: Mapping[str, str] | None, *, marked: bool) -> None:
    """`marked`: an entry is needed for the run's marker."""
    limits = assistant_limits(provider)
    most = limits.max_metadata - (_RESERVED if marked else 0)
    if len(metadata or {}) > most:
        kept = f", and one of {limits.max_metadata} is the suite's own" if marked else ""
        raise refused(provider, "metadata", f"has {len(metadata or {})} entries; {most} are allowed{kept}")
    if marked and MARKER_KEY in (metadata or {}):
        raise refused(provider, "metadata", f"the key {MARKER_KEY!r} is the suite's own")
    for key, value in (metadata or {}).items():
        if len(key) > limits.max_key_characters:
            raise refused(provider, "metadata", f"the key {key[:20]!r}… has {len(key)} characters")
        if len(value) > limits.max_value_characters:
            raise refused(provider, "metadata", f"the value of {key!r} has {len(value)} characters")


def check_tools(provider: Provider, tools: Sequence[Tool]) -> None:
    limits = assistant_limits(provider)
    if len(tools) > limits.max_tools:
        raise refused(provider, "tools", f"are {len(tools)}; {limits.max_tools} are allowed")
    for tool in tools:
        if isinstance(tool, FunctionTool):
            check_function(provider, tool)
    files = [file_id for tool in tools if isinstance(tool, CodeTool) for file_id in tool.file_ids]
    if len(files) > limits.max_code_files:
        raise refused(provider, "tools", f"{len(files)} files; {limits.max_code_files} are allowed")
    stores = [store_id for tool in tools if isinstance(tool, SearchTool) for store_id in tool.store_ids]
    if len(stores) > limits.max_stores:
        raise refused(provider, "tools", f"{len(stores)} stores; {limits.max_stores} is allowed")


def check_function(provider: Provider, tool: FunctionTool) -> None:
    """That a function's parameters are a JSON Schema, and one of an object."""
    from jsonschema import Draft202012Validator  # a tenth of a second, for those who have functions
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(dict(tool.parameters))
    except SchemaError as error:
        where = "".join(f".{part}" for part in error.path)
        raise refused(
            provider, "tools", f"the parameters of {tool.name} are no JSON Schema: {where or 'they'}: {error.message}"
        ) from None
    if tool.parameters.get("type") != "object":
        raise refused(provider, "tools", f"the parameters of {tool.name} must have the type object")


def check_choice(provider: Provider, choice: ToolChoice, offered: Sequence[Tool]) -> None:
    """That a function which has to be used is among those that are offered."""
    if isinstance(choice, FunctionTool):
        names = [tool.name for tool in offered if isinstance(tool, FunctionTool)]
        if choice.name not in names:
            raise refused(provider, "tool_choice", f"{choice.name} is not among the tools")
    elif choice == "required" and not offered:
        raise refused(provider, "tool_choice", "there is no tool that could be used")


def check_message(provider: Provider, message: NewMessage) -> None:
    if message.role not in ROLES:
        raise refused(provider, "role", f"must be {' or '.join(ROLES)}, not {message.role!r}")
    if not message.text.strip():
        raise refused(provider, "content", "is empty; a message has to say something")
    check_text(provider, "content", message.text, assistant_limits(provider).max_text_characters)
    check_metadata(provider, message.metadata, marked=False)


def check_page(provider: Provider, limit: int | None) -> None:
    most = assistant_limits(provider).max_page
    if limit is not None and not 1 <= limit <= most:
        raise refused(provider, "limit", f"must be 1 to {most}, not {limit}")
