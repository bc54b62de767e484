"""Where sabotages are put on: the modules and classes of the gateway, found only when one is."""

from importlib import import_module
from typing import Any

from support.values import Provider

FOLDERS = {Provider.OPENAI: "openai", Provider.ANTHROPIC: "anthropic", Provider.GEMINI: "gemini"}
CHATS = {Provider.OPENAI: "OpenAIChat", Provider.ANTHROPIC: "AnthropicChat", Provider.GEMINI: "GeminiChat"}
FILE_STORES = {Provider.OPENAI: "OpenAIFiles", Provider.ANTHROPIC: "AnthropicFiles", Provider.GEMINI: "GeminiFiles"}


def gateway(name: str) -> Any:
    """A module that all providers share."""
    return import_module(f"support.gateway.{name}")


def module(provider: Provider, name: str) -> Any:
    """A module of one provider's own."""
    return import_module(f"support.gateway.{FOLDERS[provider]}.{name}")


def file_store(provider: Provider) -> Any:
    """The provider's class of stored files."""
    return getattr(module(provider, "files"), FILE_STORES[provider])


def chat_model(provider: Provider) -> Any:
    """The provider's class of questions and answers."""
    return getattr(module(provider, "chat"), CHATS[provider])
