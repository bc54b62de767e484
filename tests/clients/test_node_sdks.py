"""Other people's clients: the official Node SDKs, unmodified, store, list, read and delete files and hold a streaming chat."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.catalogue.models import model_for
from support.values import Provider
from tests.clients.package_check import NODE, ROOT, missing

pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, Any]]:
    """A tenant of a simulator process, with its URL."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        made = httpx.post(f"{url}/_simulator/tenants", json={"label": "node"}, trust_env=False).json()
        yield {**made, "url": url}
        process.terminate()
        process.wait(10)


def drive(program: str, provider: Provider, account: dict[str, Any], **more: str) -> dict[str, Any]:
    absent = missing()
    assert not absent, f"the Node packages {absent} are missing: run `npm ci`"
    model = model_for(provider, "chat")
    assert model is not None
    assert NODE is not None
    environment = {
        "PATH": os.environ["PATH"],
        "URL": account["url"],
        "KEY": account["keys"][provider],
        "MODEL": model.id,
        **more,
    }
    done = subprocess.run(
        [NODE, str(Path(__file__).with_name(program))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def check(said: dict[str, Any], name: str, refusal: dict[str, Any]) -> None:
    assert said["name"] == name
    assert said["size"] == said["sent"]
    assert said["met"] == [1, 1], "each file is met exactly once, a file a page"
    assert said["sameId"] is True
    assert said["deleted"] is True
    assert said["refusal"] == refusal
    assert "".join(said["pieces"]) == "one two three four five six"
    assert len(said["pieces"]) > 1, "the answer came in one piece"
    assert said["outputTokens"] > 0


def test_openai(account: dict[str, Any]) -> None:
    said = drive("openai.mjs", Provider.OPENAI, account)
    check(said, "one.jsonl", {"class": "NotFoundError", "status": 404})
    assert said["content"] == '{"messages":[]}\n'


def test_anthropic(account: dict[str, Any]) -> None:
    check(drive("anthropic.mjs", Provider.ANTHROPIC, account), "one.txt", {"class": "NotFoundError", "status": 404})


@pytest.mark.parametrize("version", ["", "v1beta"])
def test_gemini(account: dict[str, Any], version: str) -> None:
    said = drive("gemini.mjs", Provider.GEMINI, account, API_VERSION=version)
    check(said, "one.txt", {"class": "ApiError", "status": 403})
