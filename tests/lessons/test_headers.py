"""LL-16: a header of the beta, and headers of the user's own, arrive with every request, whatever its method."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.errors import SetupError
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import client_of
from support.gateway.exchanges import Exchange
from support.gateway.open import open_gateway
from support.settings import Settings
from support.targets import choose
from support.values import Message, NewMessage, Provider
from tests.gateway.conftest import ROOT, Bench, Tenant

MODELS = {
    Provider.OPENAI: "gpt-4o-mini",
    Provider.ANTHROPIC: "claude-haiku-4-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
TEAM = "acceptance-tests"
SECRET = "plain-canary-of-a-header-0123456789"
NOTES = ROOT / "fixtures" / "notes-1k.txt"


@pytest.fixture
def tenant(simulator_url: str) -> Iterator[Tenant]:
    """Some days before the Assistants API was switched off."""
    made = Tenant(simulator_url, "2026-08-20T10:00:00Z")
    yield made
    made.close()


def gateway_of(bench: Bench, provider: Provider, **headers: str) -> ProviderGateway:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return open_gateway(replace(bench.endpoint(provider), headers=named), bench.http, bench.choke)


def kind_of(exchange: Exchange) -> str:
    """The method; an upload is one of its own."""
    kind = exchange.request_headers.get("content-type", "")
    upload = kind.startswith("multipart/form-data; boundary=") or "x-goog-upload-command" in exchange.request_headers
    return "UPLOAD" if upload else exchange.method


@pytest.mark.anyio
@pytest.mark.parametrize("provider", list(Provider))
async def test_a_header_of_the_users_arrives_on_every_method(bench: Bench, provider: Provider) -> None:
    gateway = gateway_of(bench, provider, X_Team=TEAM, OpenAI_Beta="assistants=v2")
    question = [Message(role="user", text="Hello?")]
    stored = await gateway.files.upload(NOTES)
    await gateway.files.get(stored.id)
    await gateway.chat.ask(question, model=MODELS[provider], max_output_tokens=16)
    stream = gateway.chat.stream(question, model=MODELS[provider], max_output_tokens=16)
    assert "".join([text async for text in stream])
    await gateway.files.delete(stored.id)
    sent = bench.wire.exchanges
    assert {kind_of(one) for one in sent} == {"GET", "POST", "DELETE", "UPLOAD"}
    told = {(one.request_headers.get("x-team"), one.request_headers.get("openai-beta")) for one in sent}
    assert told == {(TEAM, "assistants=v2")}


@pytest.mark.anyio
async def test_the_beta_is_named_on_every_method_of_the_assistants_api(bench: Bench) -> None:
    api = gateway_of(bench, Provider.OPENAI, X_Team=TEAM, OpenAI_Beta="assistants=v2").assistants_v2
    assistant = await api.create(model=MODELS[Provider.OPENAI])
    thread = await api.threads.create((NewMessage(text="Hello?"),))
    await api.runs.wait(await api.runs.create(thread.id, assistant.id))
    await api.threads.delete(thread.id)
    await api.delete(assistant.id)
    sent = bench.wire.exchanges
    assert {one.method for one in sent} == {"GET", "POST", "DELETE"}
    told = {(one.request_headers.get("x-team"), one.request_headers.get("openai-beta")) for one in sent}
    assert told == {(TEAM, "assistants=v2")}  # once, though both the SDK and the user name it


@pytest.mark.anyio
async def test_betas_add_up_and_other_headers_are_the_users_to_set(bench: Bench) -> None:
    api = gateway_of(bench, Provider.OPENAI, OpenAI_Beta="mine=v1", User_Agent="acceptance/1").assistants_v2
    await api.list_page()
    [sent] = bench.wire.exchanges
    assert sent.request_headers["openai-beta"].split(",") == ["assistants=v2", "mine=v1"]
    assert sent.request_headers["user-agent"] == "acceptance/1"


@pytest.mark.anyio
async def test_without_headers_of_the_users_the_shared_client_is_used_as_it_is(bench: Bench) -> None:
    plain = bench.endpoint(Provider.OPENAI)
    assert client_of(plain, bench.http) is bench.http
    one, other = gateway_of(bench, Provider.OPENAI, X_Team=TEAM), open_gateway(plain, bench.http, bench.choke)
    await one.files.list_page()
    await other.files.list_page()
    assert [sent.request_headers.get("x-team") for sent in bench.wire.exchanges] == [TEAM, None]


# Where they are said ------------------------------------------------------------------------------------------------------


def targets(folder: Path, headers: str, url: str = "http://127.0.0.1:1") -> None:
    lines = [f'{name} = {{ base_url = "{url}", key_env = "MY_GATEWAY_KEY", headers = {headers} }}' for name in Provider]
    (folder / "targets.toml").write_text("\n".join(["[targets.mine]", *lines]) + "\n")


@pytest.mark.anyio
async def test_they_are_said_in_the_file_of_targets_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MY_GATEWAY_KEY", "the-key-of-mine")
    targets(tmp_path, f'{{ "x-team" = "{TEAM}", "x-pass" = "{SECRET}" }}')
    settings = Settings.read({"target": "mine"})
    target = choose(settings)
    tenancy = await target.open("a test", lambda: 0)
    for provider in Provider:
        endpoint = tenancy.endpoints[provider]
        assert endpoint.headers == {"x-team": TEAM, "x-pass": SECRET}
        assert endpoint.secrets == ("the-key-of-mine", TEAM, SECRET)
    shown = [repr(one) + str(one) for one in (settings, target, tenancy, *tenancy.endpoints.values())]
    assert [text for text in shown if SECRET in text] == []
    assert SECRET not in str(target.facts)


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        (f'{{ "x team" = "{SECRET}" }}', "'x team'"),
        (f'{{ "" = "{SECRET}" }}', "''"),
        (f'{{ Authorization = "{SECRET}" }}', "key_env"),
        (f'{{ "Content-Type" = "{SECRET}" }}', "Content-Type"),
        (f'{{ "x-team" = "{SECRET}\\nx-more: 1" }}', "x-team"),
        ('{ "x-team" = "" }', "x-team"),
        (f'{{ "x-team" = ["{SECRET}"] }}', "x-team"),
        (f'"{SECRET}"', "headers"),
    ],
)
def test_one_that_cannot_be_sent_is_one_sentence_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: str, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    targets(tmp_path, headers)
    with pytest.raises(SetupError) as refused:
        Settings.read({"target": "mine"})
    assert word in str(refused.value)
    assert SECRET not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_no_report_shows_the_value_of_one(tmp_path: Path, simulator_url: str) -> None:
    for name in ("features", "steps", "support", "fixtures", "environment.py", "behave.ini"):
        (tmp_path / name).symlink_to(ROOT / name)
    targets(tmp_path, f'{{ "x-pass" = "{SECRET}" }}', simulator_url)
    ended = subprocess.run(
        [sys.executable, "-m", "behave", "-D", "target=mine", "-n", "arrives whole at OpenAI"],
        cwd=tmp_path,
        env={**os.environ, "MY_GATEWAY_KEY": "sim-of-this-test", "CI": "true"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "targets.toml"]
    attached = [path.name for path in written if b"x-pass: " in path.read_bytes()]
    assert attached, "no attachment has the header"
    assert SECRET not in said
    assert [path.name for path in written if SECRET.encode() in path.read_bytes()] == []
