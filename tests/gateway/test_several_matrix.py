"""The capability matrix: every cell against the running simulator, and what is made of the cells."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.__main__ import app
from support.catalogue.models import model_for
from support.errors import Retired, SetupError, Unsupported
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.several import Cell, cell, cells, demand, judging, matrix, model_cells, probe, probing
from support.gateway.several.probing import fault_of
from support.values import Provider
from tests.gateway.batch_bench import gateway_of
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 23)

YES = {
    "files": {"OpenAI", "Anthropic", "Gemini"},
    "caches": {"Gemini"},
    "vector_stores": {"OpenAI", "Gemini"},
    "embeddings": {"OpenAI", "Gemini"},
    "corpora": set(),
    "assistants": {"OpenAI"},
    "assistants_v2": set(),
    "batches": {"OpenAI", "Anthropic", "Gemini"},
    "fine_tuning": {"OpenAI"},
    "chat": {"OpenAI", "Anthropic", "Gemini"},
    "tokens": {"OpenAI", "Anthropic", "Gemini"},
    "models": {"OpenAI", "Anthropic", "Gemini"},
    "vision": {"OpenAI", "Anthropic", "Gemini"},
    "tools": {"OpenAI", "Anthropic", "Gemini"},
    "json_schema": {"OpenAI", "Anthropic", "Gemini"},
    "automatic_cache": {"OpenAI"},
    "cache_control": {"Anthropic"},
    "explicit_cache": {"Gemini"},
}
"""Written by hand from the providers' documentation."""


def shown(one: Cell) -> str:
    return f"{one.provider} {one.name}{f' {one.model}' if one.model else ''}"


@pytest.mark.parametrize("one", cells(DAY), ids=shown)
async def test_every_cell_is_true(bench: Bench, one: Cell) -> None:
    before = len(bench.wire.exchanges)
    probed = await probe(one, gateway_of(bench, one.provider))
    assert probed.holds, probed.said
    assert probed.requests == len(bench.wire.exchanges) - before
    assert (probed.requests == 0) is (one.answer == "no")


@pytest.mark.parametrize("one", model_cells(DAY), ids=shown)
async def test_every_cell_of_a_model_is_true(bench: Bench, one: Cell) -> None:
    if one.name in ("automatic_cache", "cache_control", "explicit_cache") and one.answer == "yes":
        pytest.skip("shown by the provider's own cell")
    probed = await probe(one, gateway_of(bench, one.provider))
    assert probed.holds, probed.said
    assert (probed.requests == 0) is (one.answer == "no")


def test_the_cells_are_the_documented_table() -> None:
    found: dict[str, set[str]] = {name: set() for name in YES}
    for one in cells(DAY):
        assert one.why or one.answer == "yes"
        if one.answer == "yes":
            found[one.name].add(one.provider)
    assert found == YES


async def test_nothing_is_left(bench: Bench) -> None:
    for provider in Provider:
        for name in ("files", "vector_stores", "caches", "assistants"):
            await probe(cell(provider, name, on=DAY), gateway_of(bench, provider))
    left = bench.tenant.state()["inventory"]
    assert {provider: kinds for provider, kinds in left.items() if any(kinds.values())} == {}


def test_what_ended_is_retired_with_its_day_and_successor() -> None:
    ended = cell(Provider.OPENAI, "assistants_v2", on=DAY)
    assert (ended.answer, ended.since, ended.successor) == ("retired", date(2026, 8, 26), "assistants")
    assert cell(Provider.OPENAI, "assistants_v2", on=date(2026, 8, 25)).answer == "yes"
    training = cell(Provider.OPENAI, "fine_tuning", on=DAY)
    assert (training.answer, training.since) == ("yes", date(2027, 1, 6))
    assert cell(Provider.OPENAI, "fine_tuning", on=date(2027, 1, 6)).answer == "retired"


def test_a_no_says_why_and_what_to_do_instead() -> None:
    assert "tune at OpenAI" in cell(Provider.ANTHROPIC, "fine_tuning").why
    assert cell(Provider.ANTHROPIC, "embeddings").why == "Anthropic has no embeddings: make vectors at OpenAI or Gemini"
    assert "marks" in cell(Provider.ANTHROPIC, "automatic_cache").why


def test_judged_by_model() -> None:
    embedder = model_for(Provider.OPENAI, "embeddings")
    assert embedder is not None
    assert cell(Provider.OPENAI, "chat", embedder.id).answer == "no"
    assert cell(Provider.OPENAI, "embeddings", embedder.id).answer == "yes"
    assert cell(Provider.OPENAI, "embeddings", "gpt-6-luna").answer == "no"
    assert cell(Provider.OPENAI, "fine_tuning", "gpt-4o-mini", DAY).answer == "yes"
    assert cell(Provider.OPENAI, "fine_tuning", "gpt-6-luna", DAY).answer == "no"
    assert cell(Provider.OPENAI, "vision", "gpt-5.6-luna").answer == "no"


def test_demanding() -> None:
    demand(Provider.GEMINI, "caches")
    demand(Provider.OPENAI, "chat", "a-model-of-tomorrow")
    with pytest.raises(Unsupported, match="Anthropic has no embeddings") as refusal:
        demand(Provider.ANTHROPIC, "embeddings")
    assert refusal.value.provider is Provider.ANTHROPIC
    with pytest.raises(Unsupported, match="text-embedding-3-small: it makes vectors"):
        demand(Provider.OPENAI, "chat", "text-embedding-3-small")
    with pytest.raises(Retired) as retired:
        demand(Provider.OPENAI, "assistants_v2", on=DAY)
    assert retired.value.successor == "assistants"


def test_names_that_are_none() -> None:
    with pytest.raises(LookupError, match="no capability 'telepathy'"):
        cell(Provider.OPENAI, "telepathy")
    with pytest.raises(LookupError, match="does not know gpt-1"):
        cell(Provider.OPENAI, "chat", "gpt-1")


# Lies are noticed -----------------------------------------------------------------------------------------------------


async def test_a_matrix_that_claims_too_much_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "why_not", lambda provider, name, model: None)
    probed = await probe(cell(Provider.ANTHROPIC, "embeddings", on=DAY), gateway_of(bench, Provider.ANTHROPIC))
    assert not probed.holds
    assert "told as yes, but the call failed as unsupported" in probed.said


async def test_a_matrix_that_denies_too_much_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "why_not", lambda provider, name, model: "it has not")
    for name in ("files", "tools", "chat"):
        probed = await probe(cell(Provider.OPENAI, name, on=DAY), gateway_of(bench, Provider.OPENAI))
        assert not probed.holds
        assert "told as no, but the call succeeded" in probed.said


async def test_a_request_for_what_is_not_there_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sends(gateway: ProviderGateway, one: Cell) -> None:
        await gateway.models.get("claude-haiku-5-5")
        raise Unsupported("Anthropic has no embeddings", provider=one.provider)

    monkeypatch.setattr(probing, "call_of", lambda one: sends)
    probed = await probe(cell(Provider.ANTHROPIC, "embeddings", on=DAY), gateway_of(bench, Provider.ANTHROPIC))
    assert probed.said.endswith("but 1 requests were sent")


def test_a_refusal_has_to_name_both() -> None:
    one = cell(Provider.ANTHROPIC, "vector_stores", on=DAY)
    assert not fault_of(one, Unsupported("Anthropic has no vector stores", provider=Provider.ANTHROPIC), 0)
    assert "name both" in fault_of(one, Unsupported("no", provider=Provider.ANTHROPIC), 0)
    assert "name both" in fault_of(one, Unsupported("no vector stores", provider=None), 0)


# Written down ---------------------------------------------------------------------------------------------------------


def test_written(tmp_path: Path) -> None:
    written = matrix.write(tmp_path / "reports", tmp_path / "docs", DAY)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "reports/matrix.md",
        "reports/matrix.json",
        "docs/matrix.md",
    ]
    text = written[0].read_text()
    assert text == written[2].read_text()
    assert "| embeddings | yes | no | yes |" in text
    assert "| assistants_v2 | retired 2026-08-26, now assistants | no | no |" in text
    assert "- Gemini has no corpora: they needed OAuth2" in text
    read = json.loads(written[1].read_text())
    assert read["as_of"] == "2026-11-23"
    assert [Cell.model_validate(one) for one in read["cells"]] == list(cells(DAY))
    assert {one["name"] for one in read["cells"]} >= {str(capability) for capability in Capability}


def test_the_documentation_stays_as_it_is_where_only_the_day_differs(tmp_path: Path) -> None:
    matrix.write(tmp_path / "reports", tmp_path / "docs", DAY)
    next_day = matrix.write(tmp_path / "reports", tmp_path / "docs", DAY + timedelta(days=1))
    assert [path.parent.name for path in next_day] == ["reports", "reports"]
    assert f"As of {DAY}" in (tmp_path / "docs" / "matrix.md").read_text()
    after_an_end = matrix.write(tmp_path / "reports", tmp_path / "docs", date(2027, 1, 6))
    assert tmp_path / "docs" / "matrix.md" in after_an_end


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be written"):
        matrix.write(tmp_path / "reports", tmp_path / "docs", DAY)


def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(matrix, "write", lambda reports, docs: asked.append(docs) or [tmp_path])
    run = CliRunner()
    shown_ = run.invoke(app, ["matrix"])
    assert shown_.exit_code == 0
    assert "json_schema" in shown_.output
    assert "Written" in shown_.output
    assert asked[0].name == "docs"
    assert "docs/matrix.md" in " ".join(run.invoke(app, ["matrix", "--help"]).output.split())


def test_the_documentation_is_what_would_be_written() -> None:
    kept = (Path(__file__).resolve().parents[2] / "docs" / "matrix.md").read_text(encoding="utf-8")
    day = date.fromisoformat(kept.split("As of ", 1)[1][:10])
    assert kept == matrix.markdown(day), "run `python -m support matrix`"
