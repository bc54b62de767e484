"""What the report says about the whole run: the target, the versions, the machine that built it."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata

from support.values import Money

_PACKAGES = ("openai", "anthropic", "google-genai", "behave", "allure-behave")


@dataclass(frozen=True, slots=True)
class About:
    """The run, for its readers."""

    run_id: str
    target: str
    money: Money
    more: Mapping[str, str] = field(default_factory=dict)
    """Further facts in the order in which they are to be read: a base URL, a seed."""


def environment(about: About) -> str:
    """Allure's `environment.properties`: one fact a line, in the format of Java's properties."""
    facts = {
        "Target": about.target,
        "Money": f"{about.money} dollars",
        "Run": about.run_id,
        **about.more,
        "Python": platform.python_version(),
        **{package: version for package in _PACKAGES if (version := _version(package))},
    }
    return "".join(f"{_escaped(name, key=True)} = {_escaped(value)}\n" for name, value in facts.items())


def executor(environ: Mapping[str, str]) -> dict[str, object] | None:
    """Allure's `executor.json` on GitHub Actions; None elsewhere."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    number = environ.get("GITHUB_RUN_NUMBER", "")
    repository = f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}"
    told: dict[str, object] = {
        "name": "GitHub Actions",
        "type": "github",
        "reportName": "Touchstone",
        "url": repository,
        "buildName": f"{environ.get('GITHUB_WORKFLOW', 'build')} #{number}",
        "buildUrl": f"{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}",
    }
    return told | ({"buildOrder": int(number)} if number.isdigit() else {})


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _escaped(text: str, *, key: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    for character in " :=#!" if key else "":
        text = text.replace(character, f"\\{character}")
    return text
