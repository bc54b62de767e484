"""The same question to several providers, and a workflow over them, with gateways that are functions."""

import asyncio
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from support.errors import BadResponse, InvalidRequest, UnknownPrice, Unsupported
from support.gateway.several import (
    Comparison,
    Done,
    Step,
    Workflow,
    embeddings_side_by_side,
    side_by_side,
    topic_workflow,
    workflow,
    writer_step,
)
from support.gateway.several.comparing import estimate, total_tokens
from support.gateway.several.topic import topic_of
from support.ledger import Tier, price
from support.values import ChatAnswer, Provider, Usage
from tests.gateway.batch_bench import MODELS
from tests.gateway.several_bench import QUESTION, FakeClock, FakeGateway, fake, outage, route, vector_route

pytestmark = pytest.mark.anyio
OPENAI, ANTHROPIC, GEMINI = Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI
TIERS: tuple[Tier, ...] = ("standard", "batch")


def printed(table: Any) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    return out.getvalue()


# Side by side ---------------------------------------------------------------------------------------------------------


async def compared(**fakes: FakeGateway) -> Comparison:
    routes = [route(gateway) for gateway in fakes.values()]
    return await side_by_side(routes, QUESTION, max_output_tokens=20)


async def test_one_record_a_provider_and_the_cheapest_first() -> None:
    found = await compared(**{provider: fake(provider) for provider in Provider})
    assert [record.provider for record in found.records] == list(Provider)
    for record in found.records:
        assert (record.text, record.stop_reason, record.id) == ("Paris", "end", "answer-1")
        assert (record.input_tokens, record.output_tokens, record.total_tokens) == (1000, 500, 1500)
        usage = Usage(uncached_input_tokens=1000, output_tokens=500)
        assert record.cost_usd == price(record.provider, record.model, usage)
    costs = [record.cost_usd for record in found.ranking]
    assert costs == sorted(costs, key=lambda cost: cost or Decimal(0))
    assert found.cost_usd == sum(cost for cost in costs if cost is not None)


async def test_they_are_asked_at_the_same_time() -> None:
    barrier = asyncio.Barrier(3)
    found = await compared(**{provider: fake(provider, during=barrier.wait) for provider in Provider})
    assert len(found.answered) == 3


async def test_an_error_is_a_record_and_stops_nobody() -> None:
    found = await compared(a=fake(OPENAI), b=fake(ANTHROPIC, then=outage()), c=fake(GEMINI))
    assert [record.provider for record in found.failed] == [ANTHROPIC]
    assert [record.provider for record in found.ranking if not record.ok] == []
    assert found.cost_usd == sum(record.cost_usd or 0 for record in found.answered)
    assert "| Anthropic | claude-haiku-5-5 | server_error |" in found.markdown()


async def test_without_a_price_it_is_unpriced_and_not_free() -> None:
    found = await side_by_side(
        [route(fake(OPENAI), "a-model-of-tomorrow"), route(fake(GEMINI))], QUESTION, max_output_tokens=20
    )
    record = found.record(OPENAI)
    assert (record.cost_usd, record.unpriced, found.cost_usd) == (None, True, None)
    assert [each.provider for each in found.ranking] == [GEMINI]
    assert "unpriced" in found.markdown()


@pytest.mark.parametrize("provider", Provider)
def test_what_it_would_cost_is_the_price_of_the_tokens_or_nothing_that_is_known(provider: Provider) -> None:
    usage = Usage(uncached_input_tokens=1000, output_tokens=500)
    for tier in TIERS:
        assert estimate(provider, MODELS[provider], usage, tier) == price(provider, MODELS[provider], usage, tier)
    standard, batch = (estimate(provider, MODELS[provider], usage, tier) for tier in TIERS)
    assert batch * 2 == standard
    with pytest.raises(UnknownPrice, match="a-model-of-tomorrow") as refused:
        estimate(provider, "a-model-of-tomorrow", usage)
    assert (refused.value.provider, refused.value.param) == (provider, "model")


async def test_whom_nobody_asked_has_not_run() -> None:
    found = await side_by_side(
        [route(fake(OPENAI))], QUESTION, max_output_tokens=20, not_run={GEMINI: "no key: set GEMINI_API_KEY"}
    )
    assert [record.provider for record in found.answered] == [OPENAI]
    assert "| Gemini |  | not run |" in found.markdown()
    assert "no key: set" in found.markdown()
    with pytest.raises(LookupError, match="no key"):
        found.record(GEMINI)


async def test_a_model_for_vectors_is_not_asked() -> None:
    gateway = fake(OPENAI)
    found = await side_by_side([route(gateway, "text-embedding-3-small")], QUESTION, max_output_tokens=20)
    assert isinstance(found.records[0].error, Unsupported)
    assert gateway.asked == []


async def test_nobody_to_ask() -> None:
    with pytest.raises(InvalidRequest, match=r"^routes"):
        await side_by_side([], QUESTION, max_output_tokens=20)
    with pytest.raises(InvalidRequest, match=r"^routes"):
        await embeddings_side_by_side([], text="a", related="b", unrelated="c")


async def test_shown() -> None:
    found = await compared(a=fake(OPENAI, then="Paris | or\n[bold]not[/bold] " + "x" * 100), c=fake(GEMINI))
    text = found.markdown()
    assert len({line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}) == 1
    assert "Cheapest to dearest: " in text
    shown = printed(found.console())
    assert "[bold]not" in shown
    assert "gpt-6-luna" in shown


@pytest.mark.parametrize(
    ("raw", "total"),
    [({"usage": {"total_tokens": 1600}}, 1600), ({"usageMetadata": {"totalTokenCount": 1700}}, 1700), ({}, 1500)],
)
def test_the_providers_own_total(raw: Mapping[str, Any], total: int) -> None:
    usage = Usage(uncached_input_tokens=1000, output_tokens=500)
    answer = ChatAnswer(provider=OPENAI, model="m", id="i", text="", stop_reason="end", usage=usage, raw=raw)
    assert total_tokens(answer) == total


# Vectors --------------------------------------------------------------------------------------------------------------


def nearness(text: str) -> tuple[float, ...]:
    return {"a cat": (1.0, 0.0), "a kitten": (0.9, 0.1)}.get(text, (0.0, 1.0))


async def test_each_orders_its_own_vectors_and_none_is_compared_with_anothers() -> None:
    gateways = [fake(provider, vectors=nearness) for provider in Provider]
    found = await embeddings_side_by_side(
        [vector_route(gateway) for gateway in gateways], text="a cat", related="a kitten", unrelated="a tax form"
    )
    for provider in (OPENAI, GEMINI):
        record = found.record(provider)
        assert record.tells_apart(0.05)
        assert record.dimensions == 2
        assert not record.tells_apart(1.5)
    with pytest.raises(InvalidRequest, match="text-embedding-3-small and of gemini-embedding-001"):
        found.across(OPENAI, GEMINI)
    assert found.across(OPENAI, OPENAI) == pytest.approx(1)
    assert isinstance(found.record(ANTHROPIC).error, Unsupported)
    assert "| Anthropic | none | unsupported |" in found.markdown()
    assert "unsupported" in printed(found.console())
    with pytest.raises(Unsupported):
        found.across(ANTHROPIC, GEMINI)


async def test_vectors_of_zeros_are_an_error_of_their_provider() -> None:
    zeros = fake(OPENAI, vectors=lambda text: (0.0, 0.0))
    found = await embeddings_side_by_side([vector_route(zeros)], text="a", related="b", unrelated="c")
    assert found.records[0].error is not None
    assert "zeros" in str(found.records[0].error)


# Workflows ------------------------------------------------------------------------------------------------------------


def topic_of_fakes(openai: FakeGateway, gemini: FakeGateway, anthropic: FakeGateway) -> Workflow:
    return topic_workflow(
        route(openai), route(gemini), route(anthropic), embedder="gemini-embedding-001", clock=FakeClock()
    )


async def test_topic_vector_sentences_ranking() -> None:
    near = {"geology": (1.0, 0.0), "Geology is old.": (0.5, 0.5), "I like geology.": (0.9, 0.1)}
    openai = fake(OPENAI, then="geology.")
    anthropic = fake(ANTHROPIC, then="Geology is old.")
    gemini = fake(GEMINI, then="I like geology.", vectors=lambda text: near[text])
    result = await topic_of_fakes(openai, gemini, anthropic).run()
    assert (result.ending, result.missing, result.error) == ("complete", (), None)
    assert [step.name for step in result.trace] == [
        "topic",
        "topic vector",
        "sentence by Anthropic",
        "sentence by Gemini",
        "ranking",
    ]
    assert [each.sentence for each in result.outputs["ranking"]] == ["I like geology.", "Geology is old."]
    assert gemini.asked[0]["texts"] == ("geology",)
    assert "geology" in anthropic.asked[0]["text"]
    assert "geology" in gemini.asked[1]["text"]
    assert gemini.asked[2]["texts"] == ("Geology is old.", "I like geology.")
    assert result.cost_usd == sum(step.cost_usd or 0 for step in result.trace)
    assert result.tokens == sum(step.tokens for step in result.trace) == 3 * 1500 + 2 * 10
    assert all(step.started_at <= step.ended_at and step.tokens > 0 and step.cost_usd for step in result.trace)
    assert result.markdown().count("| ok |") == 5
    assert "Complete. Total: " in result.markdown()


async def test_no_topic_no_work() -> None:
    openai, gemini, anthropic = fake(OPENAI, then=outage()), fake(GEMINI), fake(ANTHROPIC)
    result = await topic_of_fakes(openai, gemini, anthropic).run()
    assert (result.ending, result.failed_at, len(result.trace)) == ("failed", "topic", 1)
    assert (gemini.asked, anthropic.asked) == ([], [])
    assert result.cost_usd == 0
    assert "Failed at topic: OpenAI: it is down." in result.markdown()
    with pytest.raises(type(outage())):
        result.raise_on_failure()


@pytest.mark.parametrize("failing", [ANTHROPIC, GEMINI])
async def test_one_writer_is_enough_and_the_other_is_named(failing: Provider) -> None:
    gateways = {
        OPENAI: fake(OPENAI, then="geology"),
        ANTHROPIC: fake(ANTHROPIC, then="On geology."),
        GEMINI: fake(GEMINI, then="Of geology."),
    }
    gateways[failing] = fake(failing, then=outage())
    result = await topic_of_fakes(gateways[OPENAI], gateways[GEMINI], gateways[ANTHROPIC]).run()
    assert (result.ending, result.missing) == ("partial", (writer_step(failing),))
    assert [each.writer for each in result.outputs["ranking"]] == [
        writer_step(GEMINI if failing is ANTHROPIC else ANTHROPIC)
    ]
    assert [step.ok for step in result.trace].count(False) == 1
    assert len(result.trace) == 5
    assert f"Partial, without {writer_step(failing)}." in result.markdown()
    result.raise_on_failure()


async def test_without_any_writer_it_fails_at_the_second() -> None:
    gemini = fake(GEMINI, then=outage())
    result = await topic_of_fakes(fake(OPENAI, then="geology"), gemini, fake(ANTHROPIC, then=outage())).run()
    assert (result.ending, result.failed_at) == ("failed", "sentence by Gemini")
    assert [step.name for step in result.trace][-1] == "sentence by Gemini"
    assert len(gemini.asked) == 2  # the vector, the sentence, and no ranking


async def test_a_sentence_about_something_else_is_no_sentence() -> None:
    result = await topic_of_fakes(
        fake(OPENAI, then="geology"), fake(GEMINI, then="Of geology."), fake(ANTHROPIC, then="I like rocks.")
    ).run()
    assert result.missing == ("sentence by Anthropic",)
    assert isinstance(result.step("sentence by Anthropic").error, BadResponse)


@pytest.mark.parametrize(
    ("said", "word"),
    [("Geology.", "Geology"), ('"physics"', "physics"), ("Rocket science!", "Rocket science"), ("", "")],
)
def test_the_topic_of_an_answer(said: str, word: str) -> None:
    assert topic_of(said) == word


async def test_an_empty_topic_fails() -> None:
    result = await topic_of_fakes(fake(OPENAI, then=" "), fake(GEMINI), fake(ANTHROPIC)).run()
    assert result.failed_at == "topic"


async def nothing(inputs: Mapping[str, Any]) -> Done:
    return Done(None, Usage())


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [Step("a", OPENAI, "m", nothing), Step("a", OPENAI, "m", nothing)],
        [Step("a", OPENAI, "m", nothing, takes=("b",)), Step("b", OPENAI, "m", nothing)],
    ],
    ids=["none", "twice", "unknown input"],
)
def test_steps_that_are_none(steps: list[Step]) -> None:
    with pytest.raises(InvalidRequest, match=r"^steps"):
        Workflow(steps, FakeClock())


async def test_the_seams_are_looked_up_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "instead_of", lambda step, error: Done("Quantum computing", Usage()))
    result = await topic_of_fakes(fake(OPENAI, then=outage()), fake(GEMINI), fake(ANTHROPIC)).run()
    assert result.outputs["topic"] == "Quantum computing"
    monkeypatch.undo()
    monkeypatch.setattr(workflow, "note", lambda trace, went: None if went.name == "ranking" else trace.append(went))
    monkeypatch.setattr(workflow, "total_cost", lambda trace: trace[-1].cost_usd)
    result = await topic_of_fakes(
        fake(OPENAI, then="geology"), fake(GEMINI, then="geology"), fake(ANTHROPIC, then="geology")
    ).run()
    assert len(result.trace) == 4
    assert result.cost_usd == result.trace[-1].cost_usd
