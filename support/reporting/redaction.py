"""Takes keys and tokens out of everything that the reports write."""

import re
from typing import Any

HIDDEN = "…"
"""What stands in a secret's place, after the few characters that tell whose it was."""

_PATTERNS = (
    re.compile(r"\b(sim-|sk-|ek_|AIza|ya29\.)[\w.~+/-]{4,}"),
    re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+"),
    re.compile(
        r"(?i)\b((?:x-api-key|x-goog-api-key|api[-_]key|access_token|client_secret)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,}]+"
    ),
    re.compile(r"(?i)([?&](?:key|token|sig|signature|upload_id)=)[^&\s\"']+"),
)
_SHORTEST = 6
"""Shorter registered values would blank out ordinary words."""


class Redactor:
    """Knows the shapes of the providers' keys, and the secrets that the run registered."""

    def __init__(self) -> None:
        self._secrets: dict[str, set[str]] = {}  # by how they begin: each scenario brings keys, and few texts hold any

    def add(self, secret: str) -> None:
        """Registers a secret, whatever its shape; one of fewer than six characters is not looked for."""
        if len(secret) >= _SHORTEST:
            self._secrets.setdefault(secret[:_SHORTEST], set()).add(secret)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for beginning, secrets in self._secrets.items():
            if beginning in text:
                for secret in sorted(secrets, key=len, reverse=True):
                    text = text.replace(secret, HIDDEN)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text

    def clean_values(self, data: Any) -> Any:
        """The same for every string in plain data (dictionaries, lists)."""
        if isinstance(data, str):
            return self.clean(data)
        if isinstance(data, dict):
            return {key: self.clean_values(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.clean_values(value) for value in data]
        return data


redactor = Redactor()
"""The one that all reports use: the run adds every key that it hands to a provider's client."""
