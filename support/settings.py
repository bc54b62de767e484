"""What the user can set, and where it was said: -D name=value, the environment, .env, targets.toml, defaults; strongest first."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from support.errors import SetupError
from support.values import Provider

_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_NOT_THE_USERS = frozenset(
    {
        *("authorization", "x-api-key", "x-goog-api-key"),
        *("host", "content-type", "content-length", "transfer-encoding", "accept-encoding"),
    }
)
"""Headers that say whose request it is and how its body is written: the key's and the SDK's to set."""


class NamedEndpoint(BaseModel):
    """One provider behind a gateway of the user's, as targets.toml says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(pattern=r"^https?://[^\s]+$")
    key_env: str | None = None
    """Name of the environment variable that holds the key; without one, the provider's usual one."""
    headers: dict[str, SecretStr] = {}
    """Headers of the user's own, sent with every request; no report shows their values."""

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"no header can be called {name!r}")
            if name.lower() in _NOT_THE_USERS:
                raise ValueError(f"the header {name} is set with each request; name the variable of a key in key_env")
            if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
                raise ValueError(f"the value of the header {name} has to be plain text in one line")
        return headers


class NamedTarget(BaseModel):
    """A table `[targets.NAME]` of targets.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    OpenAI: NamedEndpoint | None = None
    Anthropic: NamedEndpoint | None = None
    Gemini: NamedEndpoint | None = None
    speaks: tuple[str, ...] = ()
    """What the gateway still offers though its provider has switched it off: `["assistants_v2"]`."""

    def endpoint(self, provider: Provider) -> NamedEndpoint | None:
        found: NamedEndpoint | None = getattr(self, provider.value)
        return found


class Settings(BaseSettings):
    """Every setting, with its default. In the environment each is `TOUCHSTONE_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="TOUCHSTONE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    target: str = "simulator"
    """`simulator`, `live`, or a name from targets.toml."""
    simulator_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+/?$")
    """A simulator that already runs; none is started then."""
    run: str | None = Field(default=None, pattern=r"^[a-z0-9]{4,32}$")
    """The run's id; processes that share it make one report."""
    state: str = ".touchstone"
    """Where ledger and journal lie: a folder, or a database URL."""
    reports: Path = Path("reports")
    budget_scenario: Decimal = Field(default=Decimal("0.50"), ge=0)
    """US dollars for one scenario, unless its tag @budget says otherwise."""
    budget_run: Decimal = Field(default=Decimal("5.00"), ge=0)
    budget_total: Decimal = Field(default=Decimal("50.00"), ge=0)
    """US dollars across all runs on this state; live money only."""
    allow_unpriced: str = ""
    """Names of models without a known price that may be used live, separated by commas."""
    attempts: int = Field(default=4, ge=1, le=10)
    """How often a request is sent at most, where it may be repeated."""
    request_timeout: float = Field(default=60.0, gt=0)
    """Seconds of real time for one request."""
    lease: float = Field(default=30.0, ge=1)
    """Seconds after which a run that says nothing counts as dead."""
    slow: bool = False
    """Whether scenarios tagged @slow run live."""
    deviation: str | None = None
    """A deviation of the simulator to switch on for every scenario (`GET /_simulator/deviations` lists them)."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("OPENAI_API_KEY"))
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    gemini_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("GEMINI_API_KEY", "GOOGLE_API_KEY")
    )
    targets: dict[str, NamedTarget] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, _TargetsFile(settings_cls)

    @classmethod
    def read(cls, given: Mapping[str, str] | None = None) -> Self:
        """Reads all sources; `given` are the -D values. Raises SetupError with one sentence for anything unknown or malformed.

        Names with a dot belong to other tools (allure-behave's, for one) and pass by.
        """
        check_env_file(Path(".env"))
        chosen = {name: value for name, value in (given or {}).items() if "." not in name}
        settable = [name for name in cls.model_fields if name != "targets" and not name.endswith("_api_key")]
        for name in chosen:
            if name not in settable:
                near = difflib.get_close_matches(name, settable, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(settable))}."
                raise SetupError(f"There is no setting called {name!r}; {hint}")
        try:
            return cls(**chosen)  # type: ignore[arg-type]  # pydantic reads the strings
        except ValidationError as error:
            raise SetupError(_one_sentence(error)) from None

    def key(self, provider: Provider) -> str | None:
        """The user's live key, or None."""
        secret = {
            Provider.OPENAI: self.openai_api_key,
            Provider.ANTHROPIC: self.anthropic_api_key,
            Provider.GEMINI: self.gemini_api_key,
        }[provider]
        return secret.get_secret_value() if secret is not None and secret.get_secret_value() else None

    def named_key(self, provider: Provider, endpoint: NamedEndpoint) -> str | None:
        """The key for a named target's provider."""
        return os.environ.get(endpoint.key_env) if endpoint.key_env else self.key(provider)


KEY_NAMES = {
    Provider.OPENAI: "OPENAI_API_KEY",
    Provider.ANTHROPIC: "ANTHROPIC_API_KEY",
    Provider.GEMINI: "GEMINI_API_KEY",
}
"""The providers' usual environment variables."""


class _TargetsFile(PydanticBaseSettingsSource):
    """targets.toml, where there is one."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError("the file is read as a whole")

    def __call__(self) -> dict[str, Any]:
        path = Path("targets.toml")
        if not path.exists():
            return {}
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SetupError(f"targets.toml cannot be read ({error}); correct it or remove it.") from None
        unknown = sorted(set(read) - set(Settings.model_fields) | {name for name in read if name.endswith("_api_key")})
        if unknown:
            raise SetupError(
                f"targets.toml has an unknown entry {unknown[0]!r}; it holds [targets.NAME] tables and settings."
            )
        return read


def check_env_file(path: Path) -> None:
    """Refuses a .env with a line that nobody can read, naming the line and not its content: it may be a key."""
    if not path.exists():
        return
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8") as stream:
            bad = [binding.original.line for binding in parse_stream(stream) if binding.error]
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f".env cannot be read ({type(error).__name__}); correct it or remove it.") from None
    if bad:
        raise SetupError(f".env line {bad[0]} is not NAME=value; correct it or remove it.")


def _one_sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    secret = "key" in name.lower() or "headers" in first["loc"]
    said = " used" if secret else f" {str(first['input'])!r}"
    what = first["msg"].removeprefix("Value error, ")
    what = what[0].lower() + what[1:]
    return f"The setting {name} cannot be{said}: {what}."
