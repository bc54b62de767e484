"""Sentences about work that goes over several providers, and the trace that it leaves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Provider
from support.world import World

TOPIC = "Glaciology"
ASK_FOR_TOPIC = f"Answer exactly: {TOPIC}"
ORDER = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4}


@parse.with_pattern("|".join(ORDER))
def a_place(text: str) -> int:
    return ORDER[text]


register_type(PlaceInOrder=a_place)


def sent_to(world: World, provider: Provider) -> list[Any]:
    """The questions that a provider was sent while the work was done."""
    return [sent for sent in world.questions_sent(world.sent()) if sent.provider is provider]


def embedded_texts(world: World) -> list[list[str]]:
    """The texts that vectors were asked for, request by request."""
    found = []
    for exchange in world.sent():
        if exchange.path.partition("?")[0].endswith((":batchEmbedContents", ":embedContent")):
            asked = exchange.request.json()
            requests = asked.get("requests", [asked])
            found.append(["".join(part["text"] for part in one["content"]["parts"]) for one in requests])
    return found


def sentence_by(provider: Provider) -> str:
    """What the step of a writer is called."""
    return f"sentence by {provider}"


# Given and when ------------------------------------------------------------------------------------------------------


@given("work over OpenAI, Gemini and Anthropic that begins with a topic")
def work(context: Context) -> None:
    context.world.topic_work(ASK_FOR_TOPIC)


@when("the team has it done")
async def has_it_done(context: Context) -> None:
    world = context.world
    assert world.several.workflow is not None
    world.several.work = await world.does(world.several.workflow.run())
    world.several.shown = list(world.show_table(world.several.work))


# Then ----------------------------------------------------------------------------------------------------------------


@then(
    "the topic that {first:Provider} gave went to {second:Provider} for its vector,"
    " and to {third:Provider} and {fourth:Provider} for a sentence"
)
def topic_goes_on(context: Context, first: Provider, second: Provider, third: Provider, fourth: Provider) -> None:
    world = context.world
    (asked,) = sent_to(world, first)
    world.expect(asked.messages[-1].text == ASK_FOR_TOPIC, f"{first} was asked {asked.messages[-1].text!r}")
    topic = world.several.done.outputs["topic"]
    world.expect(topic == TOPIC, f"the topic is {topic!r}")
    vectors = embedded_texts(world)
    world.expect(vectors[:1] == [[topic]], f"{second} made vectors of {vectors[:1]}")
    for writer in (third, fourth):
        questions = [one.messages[-1].text for one in sent_to(world, writer)]
        world.expect(len(questions) == 1, f"{writer} was asked {len(questions)} times")
        world.expect(topic in questions[0], f"{writer} was asked {questions[0]!r}")


@then("both sentences contain the topic")
def sentences_contain(context: Context) -> None:
    world = context.world
    for writer in (Provider.ANTHROPIC, Provider.GEMINI):
        sentence = world.several.done.outputs[sentence_by(writer)]
        world.expect(TOPIC.lower() in sentence.lower(), f"{writer} wrote {sentence!r}")
        world.expect(len(sentence.split()) > 3, f"{writer} wrote no sentence: {sentence!r}")


@then("what Gemini ranked are the two sentences, the nearer to the topic first")
def ranked(context: Context) -> None:
    world = context.world
    done = world.several.done
    sentences = [done.outputs[sentence_by(writer)] for writer in (Provider.ANTHROPIC, Provider.GEMINI)]
    vectors = embedded_texts(world)
    world.expect(vectors[1:] == [sentences], f"vectors were made of {vectors[1:]}")
    ranking = done.outputs["ranking"]
    world.expect(sorted(one.sentence for one in ranking) == sorted(sentences), f"ranked were {ranking}")
    near = [one.similarity for one in ranking]
    world.expect(near[0] > near[1], f"the nearness is {near}")


@then("the trace tells of these steps, one after the other")
def trace_tells(context: Context) -> None:
    world = context.world
    trace = world.several.done.trace
    models = {"chat": world.chat_model, "vectors": world.embedding_model}
    wanted = [(row["provider"], models[row["model for"]](Provider(row["provider"]))) for row in context.table]
    told = [(step.provider, step.model) for step in trace]
    world.expect(told == wanted, f"the trace tells of {told}")
    moments = [moment for step in trace for moment in (step.started_at, step.ended_at)]
    world.expect(moments == sorted(moments), f"the times are {moments}")


def charged_calls(world: World) -> list[tuple[Provider, str | None, int, Decimal | None]]:
    """What the ledger has of the calls that cost something."""
    return sorted(
        (call.provider, call.model, call.usage.input_tokens + call.usage.output_tokens, call.cost_usd)
        for call in world.charges()
        if call.cost_usd
    )


@then("each step has the tokens and the cost that the ledger has of it")
def as_charged(context: Context) -> None:
    world = context.world
    told = sorted((step.provider, step.model, step.tokens, step.cost_usd) for step in world.several.done.trace)
    charged = charged_calls(world)
    world.expect(len(charged) == 5, f"the ledger has {len(charged)} calls that cost something")
    world.expect(told == charged, f"the trace tells {told}, the ledger {charged}")


@then("the work has cost what the ledger has charged")
def cost_as_charged(context: Context) -> None:
    world = context.world
    cost = world.several.done.cost_usd
    spent = sum((call.cost_usd for call in world.charges() if call.cost_usd is not None), Decimal(0))
    world.expect(spent > 0 and cost == spent, f"the work says {cost}, the ledger {spent}")


@then("it failed at its {place:PlaceInOrder} step with {kind:FailureKind}, and there is no topic")
def failed_without_topic(context: Context, place: int, kind: str) -> None:
    expect_failed(context.world, place, kind)
    outputs = context.world.several.done.outputs
    context.world.expect(not outputs, f"there is {outputs}")


@then("it failed at its {place:PlaceInOrder} step with {kind:FailureKind}")
def failed(context: Context, place: int, kind: str) -> None:
    expect_failed(context.world, place, kind)


def expect_failed(world: World, place: int, kind: str) -> None:
    done = world.several.done
    world.expect(done.ending == "failed", f"it is {done.ending}")
    world.expect(len(done.trace) == place + 1, f"the trace tells of {len(done.trace)} steps")
    last = done.trace[-1]
    world.expect(last.name == done.failed_at, f"it says that it failed at {done.failed_at}, and ended at {last.name}")
    world.expect(last.error is not None and last.error.kind == kind, f"it failed with {last.error}")


@then("nothing was sent to {first:Provider} or {second:Provider}")
def nothing_sent_to(context: Context, first: Provider, second: Provider) -> None:
    world = context.world
    asked = {provider: len(sent_to(world, provider)) for provider in (first, second)}
    world.expect(not any(asked.values()), f"they were asked {asked}")
    vectors = embedded_texts(world)
    world.expect(not vectors, f"vectors were made of {vectors}")
    sent = len(world.sent())
    world.expect(sent == 1, f"{sent} requests were sent")


@then("it is done in part, and lacks the sentence by {writer:Provider} alone")
def done_in_part(context: Context, writer: Provider) -> None:
    world = context.world
    done = world.several.done
    world.expect(done.ending == "partial", f"it is {done.ending}")
    world.expect(done.missing == (sentence_by(writer),), f"it lacks {done.missing}")
    world.expect(sentence_by(writer) in done.summary(), f"it says: {done.summary()}")
    world.expect(sentence_by(writer) not in done.outputs, "there is a sentence all the same")


@then("the ranking has one sentence, by {writer:Provider}")
def one_ranked(context: Context, writer: Provider) -> None:
    world = context.world
    sentence = world.several.done.outputs[sentence_by(writer)]
    ranking = [(one.writer, one.sentence) for one in world.several.done.outputs["ranking"]]
    world.expect(ranking == [(sentence_by(writer), sentence)], f"ranked are {ranking}")
    vectors = embedded_texts(world)
    world.expect(vectors[1:] == [[sentence]], f"vectors were made of {vectors[1:]}")


@then("the trace tells of {count:d} steps, and that of {writer:Provider}'s sentence failed")
def trace_with_failure(context: Context, count: int, writer: Provider) -> None:
    world = context.world
    trace = world.several.done.trace
    world.expect(len(trace) == count, f"the trace tells of {[step.name for step in trace]}")
    failed_steps = [step.name for step in trace if step.error is not None]
    world.expect(failed_steps == [sentence_by(writer)], f"failed are {failed_steps}")


@then("the trace tells of {count:d} steps, and nothing was ranked")
def nothing_ranked(context: Context, count: int) -> None:
    world = context.world
    trace = world.several.done.trace
    world.expect(len(trace) == count, f"the trace tells of {[step.name for step in trace]}")
    vectors = embedded_texts(world)
    world.expect(vectors == [[TOPIC]], f"vectors were made of {vectors}")
