"""The workflow of tracker row MP-06: a topic, its vector, two sentences about it, and which of them is nearer to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.errors import BadResponse
from support.gateway.clock import Clock
from support.gateway.several.comparing import nearest_first
from support.gateway.several.routes import Route
from support.gateway.several.workflow import Done, Step, Workflow
from support.values import Embeddings, Message, Provider

TOPIC, VECTOR, RANKING = "topic", "topic vector", "ranking"
WRITERS = "writers"
ASK_FOR_TOPIC = "Name one field of science, in one word and nothing else."
LENGTHS = (12, 7)
"""Words that the two writers are asked for, so that they do not write the same."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A sentence, who wrote it, and how near it is to the topic."""

    writer: str
    """The name of the step."""
    sentence: str
    similarity: float


def writer_step(provider: Provider) -> str:
    """What the step of a writer is called."""
    return f"sentence by {provider}"


def topic_workflow(
    openai: Route,
    gemini: Route,
    anthropic: Route,
    *,
    embedder: str,
    clock: Clock,
    ask_for_topic: str = ASK_FOR_TOPIC,
    max_output_tokens: int = 256,
) -> Workflow:
    """Five steps: OpenAI names a topic, Gemini makes its vector, Anthropic and Gemini write, Gemini's vectors rank.

    `embedder` is Gemini's model for vectors. One writer is enough; the ranking then has one entry.
    """
    limit = max_output_tokens
    gemini_gateway = gemini[0]

    async def topic(inputs: Mapping[str, Any]) -> Done:
        said, done = await _asked(openai, ask_for_topic, limit)
        word = topic_of(said)
        if not word:
            raise BadResponse(f"no topic was named: {said!r}", provider=Provider.OPENAI, operation="chat.create")
        return Done(word, done.usage)

    async def vector(inputs: Mapping[str, Any]) -> Done:
        made = await gemini_gateway.embeddings.embed((inputs[TOPIC],), model=embedder)
        return Done(made, made.usage)

    def writer(route: Route, words: int) -> Step:
        provider = route[0].provider

        async def write(inputs: Mapping[str, Any]) -> Done:
            word = inputs[TOPIC]
            said, done = await _asked(route, ask_for_sentence(word, words), limit)
            if word.lower() not in said.lower():
                told = f"the sentence does not contain {word!r}: {said!r}"
                raise BadResponse(told, provider=provider, operation="chat.create")
            return done

        return Step(writer_step(provider), provider, route[1], write, takes=(TOPIC,), one_of=WRITERS)

    writers = tuple(writer(route, words) for route, words in zip((anthropic, gemini), LENGTHS, strict=True))
    names = tuple(step.name for step in writers)

    async def rank(inputs: Mapping[str, Any]) -> Done:
        written = {name: inputs[name] for name in names if name in inputs}
        made = await gemini_gateway.embeddings.embed(tuple(written.values()), model=embedder)
        return Done(ranked(inputs[VECTOR], written, made), made.usage)

    steps = (
        Step(TOPIC, openai[0].provider, openai[1], topic),
        Step(VECTOR, gemini_gateway.provider, embedder, vector, takes=(TOPIC,)),
        *writers,
        Step(RANKING, gemini_gateway.provider, embedder, rank, takes=(VECTOR, *names)),
    )
    return Workflow(steps, clock)


async def _asked(route: Route, text: str, max_output_tokens: int) -> tuple[str, Done]:
    gateway, model = route
    answer = await gateway.chat.ask(
        (Message(role="user", text=text),), model=model, max_output_tokens=max_output_tokens
    )
    return answer.text, Done(answer.text.strip(), answer.usage)


def topic_of(said: str) -> str:
    """The word in an answer, without what stands around it; empty where there is none."""
    found = re.findall(r"\w[\w'’-]*", said)
    return found[0] if len(found) == 1 else said.strip().strip(".!\"'").strip()


def ask_for_sentence(topic: str, words: int) -> str:
    """What a writer is asked."""
    return f"Write one {words}-word sentence about {topic}. It has to contain the word {topic}."


def ranked(topic: Embeddings, sentences: Mapping[str, str], made: Embeddings) -> tuple[Ranked, ...]:
    """The sentences, the nearest to the topic first."""
    names = list(sentences)
    return tuple(Ranked(names[place], sentences[names[place]], near) for place, near in nearest_first(topic, made))
