"""The control plane opens and closes accounts, shows what they did, and refuses what it does not know."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.plain_http import plain_client
from tests.simulator.account import Account
from tests.simulator.provider_files import PROVIDERS, FilesOf

ROOT = Path(__file__).resolve().parents[2]
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


def test_a_tenant_has_a_key_for_each_provider(open_tenant: Callable[..., Account]) -> None:
    first, second = open_tenant(label="first"), open_tenant()
    keys = [*first.keys.values(), *second.keys.values()]
    assert set(first.keys) == set(PROVIDERS)
    assert len(set(keys)) == 6
    assert all(re.fullmatch(r"sim-[a-z]+-\w{24,}", key) for key in keys)
    assert first.show()["label"] == "first"


@every_provider
def test_tenants_do_not_see_each_other(open_tenant: Callable[..., Account], provider: str) -> None:
    mine, yours = open_tenant(), open_tenant()
    with mine.client(provider) as my_http, yours.client(provider) as your_http:
        stored = FilesOf(provider, my_http).store("a.txt", b"mine")
        assert not FilesOf(provider, your_http).fetch(stored.id).is_success
        assert FilesOf(provider, your_http).listed() == []
    assert mine.inventory() == {provider: {"files": [stored.id]}}
    assert yours.inventory() == {}


@every_provider
def test_keys_open_one_provider_each(tenant: Account, simulator_url: str, provider: str) -> None:
    another = PROVIDERS[PROVIDERS.index(provider) - 1]
    swapped = Account(tenant.id, {provider: tenant.keys[another]}, simulator_url, tenant.plane)
    with swapped.client(provider) as client:
        assert client.get("/v1/files").status_code in {"OpenAI": [401], "Anthropic": [401], "Gemini": [400]}[provider]


@every_provider
def test_an_unknown_key_of_ours_opens_an_account(plane: httpx.Client, simulator_url: str, provider: str) -> None:
    key = f"sim-first-use-{provider}"
    account = Account("", {provider: key}, simulator_url, plane)
    before = {one["id"] for one in plane.get("/_simulator/tenants").json()}
    with account.client(provider) as client:
        stored = FilesOf(provider, client).store("a.txt", b"1")
        assert FilesOf(provider, client).listed() == [stored.id]
    (opened,) = {one["id"] for one in plane.get("/_simulator/tenants").json()} - before
    shown = plane.get(f"/_simulator/tenants/{opened}").json()
    assert set(shown["keys"].values()) == {key}
    assert shown["speed"] == 60
    plane.delete(f"/_simulator/tenants/{opened}")


@every_provider
def test_other_keys_and_no_key_are_refused(simulator_url: str, plane: httpx.Client, provider: str) -> None:
    before = plane.get("/_simulator/tenants").json()
    with Account("", {provider: "sk-live-0123456789abcdef"}, simulator_url, plane).client(provider) as client:
        refused = client.get("/v1/files")
    assert refused.status_code == {"OpenAI": 401, "Anthropic": 401, "Gemini": 400}[provider]
    assert "0123456789" not in refused.text
    keyless = httpx.get(f"{simulator_url}/{provider.lower()}/v1/files", trust_env=False)
    assert keyless.status_code == {"OpenAI": 401, "Anthropic": 401, "Gemini": 403}[provider]
    assert plane.get("/_simulator/tenants").json() == before


def test_a_deleted_tenants_keys_are_refused(open_tenant: Callable[..., Account], plane: httpx.Client) -> None:
    gone = open_tenant()
    with gone.client("OpenAI") as client:
        kept = client.post("/v1/files", data={"purpose": "user_data"}, files={"file": ("a.txt", b"a")}).json()["id"]
        assert plane.delete(f"/_simulator/tenants/{gone.id}").json() == {
            "id": gone.id,
            "deleted": True,
            "inventory": {"OpenAI": {"files": [kept]}},
            "deviation_fired": 0,
        }
        assert client.get("/v1/files").status_code == 401
    assert plane.get(f"/_simulator/tenants/{gone.id}").status_code == 404


def test_shows_what_was_asked_and_how_many_at_once(tenant: Account) -> None:
    tenant.script({"operation": "files.list", "do": {"hold_until": 4, "at_most_ms": 3000}})
    with tenant.client("OpenAI") as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.get("/v1/files"), range(4)))
        assert all(answer.is_success for answer in answers)
        client.get("/v1/models")
    requests = tenant.show()["requests"]
    assert requests["served"] == 5
    assert requests["by_operation"] == {"OpenAI files.list": 4, "OpenAI models.list": 1}
    assert requests["peak_in_flight"] == 4
    assert requests["peak_by_operation"] == {"OpenAI files.list": 4, "OpenAI models.list": 1}
    assert requests["in_flight"] == 0


def test_requests_one_after_another_are_never_in_flight_together(tenant: Account) -> None:
    with tenant.client("OpenAI") as client:
        for _ in range(3):
            client.get("/v1/files")
    assert tenant.show()["requests"]["peak_in_flight"] == 1


def test_latency_is_real_time(open_tenant: Callable[..., Account]) -> None:
    with open_tenant(latency=0.15).client("OpenAI") as client:
        started = time.monotonic()
        client.get("/v1/files")
        assert time.monotonic() - started >= 0.15


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("POST", "tenants", {"name": "x"}, 422, "There is no field 'name'."),
        ("POST", "tenants", {"speed": -1}, 422, "speed: Input should be greater than or equal to 0."),
        ("POST", "tenants", {"deviation": "files.nonsense"}, 422, "There is no deviation 'files.nonsense'"),
        ("POST", "tenants", {"now": "2026-11-22T10:00:00"}, 422, "now: "),
        ("POST", "tenants", {"durations": {"x": -1}}, 422, "A duration is"),
        ("POST", "tenants", {"durations": {"x": 1e300}}, 422, "A duration is"),
        ("POST", "tenants", {"limits": {"batches.requests": 0}}, 422, "greater than or equal to 1"),
        ("POST", "tenants/nobody/durations", {"durations": {}}, 404, "There is no tenant 'nobody'."),
        ("GET", "tenants/nobody", None, 404, "There is no tenant 'nobody'."),
        ("POST", "tenants/nobody/clock", {"advance": 1}, 404, "There is no tenant 'nobody'."),
        ("DELETE", "tenants/nobody", None, 404, "There is no tenant 'nobody'."),
        ("GET", "nonsense", None, 404, "nothing the control plane has"),
        ("DELETE", "tenants", None, 405, "takes no such method"),
        ("POST", "shutdown", None, 404, "nothing the control plane has"),
    ],
)
def test_refuses_what_it_does_not_know(
    plane: httpx.Client, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answer = plane.request(method, f"/_simulator/{path}", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


def set_durations(account: Account, body: Any) -> httpx.Response:
    return account.plane.post(f"/_simulator/tenants/{account.id}/durations", json=body)


def test_durations_are_set_and_those_that_are_not_named_stay(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations={"chat.request": 1.0, "files.processing": 2.0})
    answer = set_durations(account, {"durations": {"chat.request": 5, "chat.output_token": 0.5}})
    now = {"chat.request": 5.0, "files.processing": 2.0, "chat.output_token": 0.5}
    assert (answer.status_code, answer.json()) == (200, {"durations": now})
    assert account.show()["durations"] == now
    assert set_durations(account, {"durations": {}}).json() == {"durations": now}


def test_durations_hold_from_the_next_answer_on(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations={"chat.uncached_token": 0, "chat.cached_token": 0, "chat.output_token": 0})
    hello = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}
    with account.client("OpenAI") as http:
        for seconds in (2, 7):
            assert set_durations(account, {"durations": {"chat.request": seconds}}).is_success
            before = datetime.fromisoformat(account.now())
            http.post("/v1/chat/completions", json=hello).raise_for_status()
            assert (datetime.fromisoformat(account.now()) - before).total_seconds() == seconds


def test_durations_of_one_tenant_are_not_anothers(open_tenant: Callable[..., Account]) -> None:
    mine, yours = open_tenant(), open_tenant()
    assert set_durations(mine, {"durations": {"chat.request": 5}}).is_success
    assert yours.show()["durations"] == {}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "durations: Field required."),
        ({"durations": {"chat.request": 1}, "speed": 2}, "There is no field 'speed'."),
        ({"durations": {"chat.request": -0.1}}, "A duration is a number of seconds from 0 to 1,000,000,000."),
        ({"durations": {"fine": 1, "chat.request": 1e10}}, "A duration is"),
        ({"durations": {"chat.request": "1"}}, "durations.chat.request: "),
        ({"durations": {"chat.request": True}}, "durations.chat.request: "),
        ({"durations": {"chat.request": None}}, "durations.chat.request: "),
        ({"durations": [1]}, "durations: "),
    ],
)
def test_durations_that_make_no_sense_change_nothing(tenant: Account, body: Any, sentence: str) -> None:
    answer = set_durations(tenant, body)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert tenant.show()["durations"] == {}


@pytest.mark.parametrize("literal", ["Infinity", "-Infinity", "NaN", "1e400"])
def test_a_duration_is_a_finite_number(tenant: Account, literal: str) -> None:
    content = f'{{"durations": {{"chat.request": {literal}}}}}'
    answer = tenant.plane.post(f"/_simulator/tenants/{tenant.id}/durations", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("A duration is")
    assert tenant.show()["durations"] == {}


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"do": {}}, "A fault does one of"),
        ({"do": {"status": 200}}, "status: "),
        ({"do": {"cut": True, "status": 500}}, "There is no field 'status'."),
        ({"do": {"cut": True}, "operation": "files.burn"}, "No provider has an operation 'files.burn'"),
        ({"do": {"cut": True}, "provider": "openai"}, "provider"),
        ({"do": {"cut": True}, "when": "during"}, "when"),
        ({"do": {"delay_ms": -1}}, "delay_ms: "),
        ({"cut": True}, "do"),
    ],
)
def test_refuses_faults_that_make_no_sense(tenant: Account, fault: dict[str, Any], sentence: str) -> None:
    answer = tenant.plane.post(f"/_simulator/tenants/{tenant.id}/faults", json={"faults": [fault]})
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert tenant.show()["faults_left"] == 0


def test_says_that_it_is_there(plane: httpx.Client) -> None:
    health = plane.get("/_simulator/health").json()
    assert health["ok"] is True
    os.kill(health["pid"], 0)


def test_the_page_explains_itself_without_help_from_elsewhere(plane: httpx.Client, simulator_url: str) -> None:
    page = plane.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert f"{simulator_url}/v1" in page.text
    for expected in ("sim-anything", "files.delete.ghost_listed", "/v1/chat/completions", "/v1/messages"):
        assert expected in page.text
    assert re.findall(r"(?:src|href)=|@import|url\(", page.text) == []


def _started(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "support.simulator", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_port_in_use_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _started("--port", str(port)) as process:
            out, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert out == ""
    assert err == (
        f"Cannot listen on 127.0.0.1 port {port} (Address already in use): choose another --port, or --port 0.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_quietly_when_told(number: signal.Signals) -> None:
    with _started("--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with plain_client(url) as client:  # a connection that is kept open
            assert client.get("/_simulator/health").is_success
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_ends_when_the_process_it_was_started_for_is_gone() -> None:
    patron = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with patron, _started("--port", "0", "--parent-pid", str(patron.pid)) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        patron.communicate(b"\n")
        assert process.wait(10) == 0
        process.communicate()
