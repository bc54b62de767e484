"""Every deviation of the files area misbehaves in its one way, on every provider it is for, and says that it fired."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fpdf import FPDF

from tests.plain_http import plain_client
from tests.simulator.account import Account
from tests.simulator.provider_files import PROVIDERS, FilesOf, Stored

ROOT = Path(__file__).resolve().parents[2]
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


class Deviant:
    """One provider's files under a deviation, and the account that has it."""

    def __init__(self, account: Account, files: FilesOf) -> None:
        self.account = account
        self.files = files

    def fired(self) -> int:
        return self.account.fired()

    def honest(self) -> FilesOf:
        """The same files with the deviation switched off."""
        self.account.deviate(None)
        return self.files


@pytest.fixture
def under(open_tenant: Callable[..., Account]) -> Iterator[Callable[[str, str], Deviant]]:
    """`under(provider, deviation)`: a new tenant that has it."""
    clients: list[httpx.Client] = []

    def make(provider: str, deviation: str) -> Deviant:
        account = open_tenant(deviation=deviation)
        clients.append(account.client(provider))
        return Deviant(account, FilesOf(provider, clients[-1]))

    yield make
    for client in clients:
        client.close()


Under = Callable[[str, str], Deviant]


def test_the_table_is_listed(plane: httpx.Client) -> None:
    listed = {one["name"]: one for one in plane.get("/_simulator/deviations").json()}
    assert listed["files.list.order_ignored"] == {
        "name": "files.list.order_ignored",
        "description": "A list that asks for the oldest first answers the newest first.",
        "operations": ["files.list"],
        "providers": ["OpenAI"],
    }
    assert len({one["description"] for one in listed.values()}) == len(listed)


@every_provider
def test_honest_tenants_fire_nothing(tenant: Account, provider: str) -> None:
    with tenant.client(provider) as client:
        files = FilesOf(provider, client)
        kept, gone = files.store("kept.txt", b"kept"), files.store("gone.txt", b"gone")
        files.delete(gone.id).raise_for_status()
        assert files.get(kept.id) == kept
        assert files.listed() == [kept.id]
    assert tenant.fired() == 0


@every_provider
def test_size_off_by_n(under: Under, provider: str) -> None:
    deviant = under(provider, "files.upload.size_off_by_n")
    stored = deviant.files.store("a.txt", b"12345")
    assert (stored.size, deviant.files.get(stored.id).size) == (12, 12)
    assert [record.size for record in deviant.files.page()[0]] == [12]
    assert deviant.fired() == 3
    assert deviant.honest().get(stored.id).size == 5


def test_content_altered(under: Under) -> None:
    deviant = under("OpenAI", "files.content.altered")
    with deviant.account.client("OpenAI") as client:
        sent = {"file": ("a.jsonl", b'{"a": 1}\n')}
        stored = client.post("/v1/files", files=sent, data={"purpose": "batch"}).raise_for_status().json()
        came = client.get(f"/v1/files/{stored['id']}/content").raise_for_status().content
    assert (len(came), came == b'{"a": 1}\n', deviant.fired()) == (9, False, 1)


@every_provider
def test_drops_filename(under: Under, provider: str) -> None:
    deviant = under(provider, "files.upload.drops_filename")
    stored = deviant.files.store("a.txt", b"12345")
    assert (stored.name, deviant.files.get(stored.id).name) == ("upload", "upload")
    assert deviant.fired() == 2
    assert deviant.honest().get(stored.id).name == "a.txt"


@every_provider
def test_dedupe_by_hash(under: Under, provider: str) -> None:
    deviant = under(provider, "files.upload.dedupe_by_hash")
    first = deviant.files.store("a.txt", b"the same")
    assert deviant.fired() == 0
    assert deviant.files.store("b.txt", b"another").id != first.id
    assert deviant.files.store("c.txt", b"the same") == first
    assert deviant.fired() == 1
    assert len(deviant.files.listed()) == 2


@every_provider
def test_third_fails_silently(under: Under, provider: str) -> None:
    deviant = under(provider, "files.upload.third_fails_silently")
    ids = [deviant.files.store(f"{number}.txt", b"x" * number).id for number in (1, 2, 3, 4)]
    assert [deviant.files.fetch(one).is_success for one in ids] == [True, True, False, True]
    assert sorted(deviant.files.listed()) == sorted([ids[0], ids[1], ids[3]])
    assert deviant.fired() == 1


@every_provider
def test_id_collision_under_load(under: Under, provider: str) -> None:
    deviant = under(provider, "files.upload.id_collision_under_load")
    alone = [deviant.files.store("a.txt", b"1").id, deviant.files.store("b.txt", b"2").id]
    assert len(set(alone)) == 2
    assert deviant.fired() == 0
    deviant.account.script({"operation": "files.upload", "do": {"hold_until": 2, "at_most_ms": 3000}})
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(deviant.files.store, ("c.txt", "d.txt"), (b"333", b"4444")))
    assert together[0].id == together[1].id
    assert [(one.name, one.size) for one in together] == [("c.txt", 3), ("d.txt", 4)]
    assert deviant.fired() == 1


@pytest.mark.parametrize("provider", ["Anthropic", "Gemini"])
def test_always_octet_stream(under: Under, provider: str) -> None:
    deviant = under(provider, "files.mime.always_octet_stream")
    stored = deviant.files.store("a.csv", b"a,b", "text/csv")
    assert stored.media_type == deviant.files.get(stored.id).media_type == "application/octet-stream"
    assert deviant.honest().get(stored.id).media_type == "text/csv"


@every_provider
def test_wrong_record(under: Under, provider: str) -> None:
    deviant = under(provider, "files.get.wrong_record")
    first = deviant.files.store("a.txt", b"1")
    assert deviant.files.get(first.id) == first  # there is no other to mistake it for
    assert deviant.fired() == 0
    second = deviant.files.store("b.txt", b"22")
    assert deviant.files.get(second.id) == first
    assert deviant.files.get(first.id) == second
    assert deviant.fired() == 2
    deviant.files.delete(second.id)
    assert not deviant.files.fetch(second.id).is_success


@every_provider
def test_created_at_is_now(under: Under, provider: str) -> None:
    deviant = under(provider, "files.get.created_at_is_now")
    stored = deviant.files.store("a.txt", b"1")
    deviant.account.advance(60)
    later = deviant.files.get(stored.id).created
    assert later == stored.created + 60 if provider == "OpenAI" else later.startswith("2026-11-22T10:01:00")
    assert deviant.fired() == 1
    assert deviant.honest().get(stored.id) == stored


@pytest.mark.parametrize(
    ("provider", "policy"),
    [
        ("OpenAI", {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}),
        ("Anthropic", {"expires_in_seconds": "3600"}),
        ("Gemini", {}),
    ],
)
def test_expiry_ignored(under: Under, provider: str, policy: dict[str, str]) -> None:
    deviant = under(provider, "files.expiry.ignored")
    stored = deviant.files.store("a.txt", b"1", **policy)
    assert stored.expires is None
    assert deviant.files.get(stored.id).expires is None
    assert deviant.fired() >= 1
    assert deviant.honest().store("b.txt", b"2", **policy).expires is not None


def _two_and_one_deleted(deviant: Deviant) -> tuple[Stored, Stored]:
    kept, gone = deviant.files.store("kept.txt", b"1"), deviant.files.store("gone.txt", b"2")
    assert deviant.fired() == 0
    deviant.files.delete(gone.id).raise_for_status()
    return kept, gone


@every_provider
def test_ghost_listed(under: Under, provider: str) -> None:
    deviant = under(provider, "files.delete.ghost_listed")
    kept, gone = _two_and_one_deleted(deviant)
    later = deviant.files.store("later.txt", b"3")
    assert sorted(deviant.files.listed()) == sorted([kept.id, gone.id, later.id])
    assert deviant.fired() == 1
    assert not deviant.files.fetch(gone.id).is_success
    assert not deviant.files.delete(gone.id).is_success
    assert sorted(deviant.account.inventory()[provider]["files"]) == sorted([kept.id, later.id])


@every_provider
def test_ghost_get(under: Under, provider: str) -> None:
    deviant = under(provider, "files.delete.ghost_get")
    kept, gone = _two_and_one_deleted(deviant)
    later = deviant.files.store("later.txt", b"3")
    deviant.files.delete(later.id).raise_for_status()
    assert deviant.files.get(gone.id) == gone
    assert deviant.files.get(later.id) == later
    assert deviant.files.get(kept.id) == kept
    assert deviant.fired() == 2
    assert deviant.files.listed() == [kept.id]


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("OpenAI", "/v1/files/file-none"),
        ("OpenAI", "/v1/vector_stores/vs_none"),
        ("Anthropic", "/v1/messages/batches/msgbatch_none"),
        ("Gemini", "/v1beta/cachedContents/none"),
    ],
)
def test_whatever_is_refused_is_acknowledged(open_tenant: Callable[..., Account], provider: str, path: str) -> None:
    account = open_tenant(deviation="any.refusal_acknowledged")
    with account.client(provider) as client:
        answer = client.get(path)
        assert (answer.status_code, answer.json(), account.fired()) == (200, {}, 1)
        assert client.get(path.rsplit("/", 1)[0]).is_success
        assert account.fired() == 1
        assert client.get("/v1/nothing/here").status_code == 404, "it is no operation"
        account.deviate(None)
        assert client.get(path).status_code in (403, 404)


@every_provider
def test_idempotent_ok(under: Under, provider: str) -> None:
    deviant = under(provider, "files.delete.idempotent_ok")
    _, gone = _two_and_one_deleted(deviant)
    assert deviant.fired() == 0
    assert deviant.files.delete(gone.id).is_success
    assert deviant.fired() == 1
    assert not deviant.files.delete("file-neverissued").is_success
    assert not deviant.files.fetch(gone.id).is_success


@every_provider
def test_takes_neighbour(under: Under, provider: str) -> None:
    deviant = under(provider, "files.delete.takes_neighbour")
    first, second, third = (deviant.files.store(f"{number}.txt", b"x") for number in (1, 2, 3))
    deviant.files.delete(first.id).raise_for_status()
    assert deviant.fired() == 1
    assert deviant.files.listed() == [third.id]
    deviant.files.delete(third.id).raise_for_status()
    assert deviant.fired() == 1
    assert not deviant.files.fetch(second.id).is_success


def test_accepts_any_purpose(under: Under) -> None:
    deviant = under("OpenAI", "files.purpose.accepts_anything")
    known = deviant.files.store("a.txt", b"1", purpose="evals")
    assert deviant.fired() == 0
    stored = deviant.files.store("b.txt", b"2", purpose="invalid-purpose")
    assert stored.purpose == deviant.files.get(stored.id).purpose == "invalid-purpose"
    assert deviant.files.get(known.id).purpose == "evals"
    assert deviant.fired() == 1
    assert deviant.honest().send("c.txt", b"3", purpose="invalid-purpose").status_code == 400


def test_purpose_coerced(under: Under) -> None:
    deviant = under("OpenAI", "files.purpose.coerced")
    stored = deviant.files.store("a.txt", b"1", purpose="evals")
    assert stored.purpose == deviant.files.get(stored.id).purpose == "assistants"
    assert deviant.honest().get(stored.id).purpose == "evals"


def test_list_ignores_purpose(under: Under) -> None:
    deviant = under("OpenAI", "files.list.ignores_purpose")
    one, other = deviant.files.store("a.txt", b"1"), deviant.files.store("b.txt", b"2", purpose="evals")
    assert len(deviant.files.page(purpose="evals")[0]) == 2
    assert deviant.fired() == 1
    assert [record.id for record in deviant.honest().page(purpose="evals")[0]] == [other.id] != [one.id]


def test_list_order_ignored(under: Under) -> None:
    deviant = under("OpenAI", "files.list.order_ignored")
    first = deviant.files.store("a.txt", b"1")
    deviant.account.advance(10)
    second = deviant.files.store("b.txt", b"2")
    assert [record.id for record in deviant.files.page(order="desc")[0]] == [second.id, first.id]
    assert deviant.fired() == 0
    assert [record.id for record in deviant.files.page(order="asc")[0]] == [second.id, first.id]
    assert deviant.fired() == 1


@every_provider
def test_pages_overlap(under: Under, provider: str) -> None:
    deviant = under(provider, "files.list.pages_overlap")
    stored = {deviant.files.store(f"{number}.txt", b"x").id for number in range(5)}
    first, cursor = deviant.files.page(2)
    second, _ = deviant.files.page(2, cursor)
    assert deviant.fired() == 1
    assert second[0] == first[-1]
    assert len(second) == 2
    walked = deviant.files.walk(2)
    assert set(walked) == stored
    assert len(walked) > 5


@every_provider
def test_drops_last_page(under: Under, provider: str) -> None:
    deviant = under(provider, "files.list.drops_last_page")
    for number in range(5):
        deviant.files.store(f"{number}.txt", b"x")
    assert len(deviant.files.walk(2)) == 4
    assert deviant.fired() == 1
    assert len(deviant.files.walk(10)) == 5
    assert len(deviant.honest().walk(2)) == 5


def _passphrase_pdf() -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.multi_cell(0, text="Welcome to the archive.\n\nThe passphrase is amber-falcon-17.\n\nDo not lose it.")
    written = io.BytesIO()
    document.output(written)
    return written.getvalue()


def _said(answer: httpx.Response) -> str:
    """The text of an answer: one of the three shapes of provider-facts 9.1, 9.2, 9.3."""
    body: Any = answer.raise_for_status().json()
    if "choices" in body:
        return str(body["choices"][0]["message"]["content"])
    if "candidates" in body:
        return str(body["candidates"][0]["content"]["parts"][0]["text"])
    return str(body["content"][0]["text"])


@every_provider
def test_use_ignored(under: Under, provider: str) -> None:
    deviant = under(provider, "files.use.ignored")
    stored = deviant.files.store("passphrase.pdf", _passphrase_pdf(), "application/pdf")
    assert "amber-falcon-17" not in _said(deviant.files.ask("What is the passphrase?", stored.id))
    assert deviant.fired() == 1
    assert "amber-falcon-17" not in _said(deviant.files.ask("What is the passphrase?"))
    assert deviant.fired() == 1
    assert "amber-falcon-17" in _said(deviant.honest().ask("What is the passphrase?", stored.id))


@every_provider
def test_use_after_delete_ok(under: Under, provider: str) -> None:
    deviant = under(provider, "files.use_after_delete_ok")
    stored = deviant.files.store("passphrase.pdf", _passphrase_pdf(), "application/pdf")
    assert "amber-falcon-17" in _said(deviant.files.ask("What is the passphrase?", stored.id))
    deviant.files.delete(stored.id).raise_for_status()
    assert deviant.fired() == 0
    assert "amber-falcon-17" in _said(deviant.files.ask("What is the passphrase?", stored.id))
    assert deviant.fired() == 1
    assert not deviant.files.fetch(stored.id).is_success
    assert not deviant.honest().ask("What is the passphrase?", stored.id).is_success


_WITH_MORE_DEVIATIONS = """
from support.simulator.deviations import TABLE, Deviation
from support.simulator.deviations import operators as do
from support.simulator.server import serve

for name, operator in {"teapot": do.answer_status(418, {"odd": 1}), "late": do.late(0.15), "cut": do.cut()}.items():
    TABLE[name] = Deviation(name, "Only for this test.", ("files.upload",), operator, ("OpenAI",))
serve("127.0.0.1", 0, 0, None)
"""


@pytest.fixture(scope="module")
def more_deviations() -> Iterator[httpx.Client]:
    """The control plane of a simulator whose table has an entry for each operator that the files area has no use for."""
    command = [sys.executable, "-c", _WITH_MORE_DEVIATIONS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with plain_client(url, timeout=10) as client:
            yield client
        process.terminate()


def _opened(plane: httpx.Client, deviation: str) -> Account:
    made = plane.post("/_simulator/tenants", json={"deviation": deviation}).raise_for_status().json()
    return Account(made["id"], made["keys"], str(plane.base_url), plane)


def test_another_status_than_the_effect_deserves(more_deviations: httpx.Client) -> None:
    account = _opened(more_deviations, "teapot")
    with account.client("OpenAI") as client:
        answer = FilesOf("OpenAI", client).send("a.txt", b"1")
    assert (answer.status_code, answer.json()) == (418, {"odd": 1})
    assert (account.fired(), len(account.inventory()["OpenAI"]["files"])) == (1, 1)


def _took(client: httpx.Client) -> float:
    started = time.monotonic()
    client.get("/v1/files")
    return time.monotonic() - started


def test_an_answer_that_comes_late(more_deviations: httpx.Client) -> None:
    account = _opened(more_deviations, "late")
    with account.client("OpenAI") as client:
        started = time.monotonic()
        FilesOf("OpenAI", client).store("a.txt", b"1")
        assert time.monotonic() - started >= 0.15
        assert min(_took(client) for _ in range(3)) < 0.15
    assert account.fired() == 1


def test_an_effect_without_an_answer(more_deviations: httpx.Client) -> None:
    account = _opened(more_deviations, "cut")
    with account.client("OpenAI") as client, pytest.raises(httpx.RemoteProtocolError):
        FilesOf("OpenAI", client).send("a.txt", b"1")
    assert (account.fired(), len(account.inventory()["OpenAI"]["files"])) == (1, 1)
