"""A run that never hears the answer of its upload nor of its question, and waits to be killed.

Arguments: the simulator's URL, the folder of ledger and journal, the run's id.
"""

import asyncio
import sys

from support.run.scenarios import ScenarioFacts
from support.run.suite import Suite
from support.settings import Settings
from support.targets import choose
from support.values import Message, Provider

SCENARIO = "nobody answers"
HANGS = {"delay_ms": 600_000}


def main(url: str, state: str, run: str) -> None:
    settings = Settings.read({"simulator_url": url, "state": state, "lease": "1"})
    suite = Suite.open(settings, asyncio.new_event_loop(), choose(settings), run)
    facts = ScenarioFacts(SCENARIO, "", "files", "", (Provider.OPENAI,), None, simulator_only=True, slow=False)
    world = suite.begin(facts).world
    openai = world.gateway(Provider.OPENAI)

    async def store_and_ask() -> None:
        await world.simulator.script(
            {"do": {"cut": True}, "operation": "files.upload", "when": "after"},
            {"do": HANGS, "operation": "files.list"},  # where the gateway looks for what the upload made
            {"do": HANGS, "operation": "chat.create", "when": "after"},
        )
        storing = asyncio.create_task(openai.files.upload(world.fixture("notes-1k.txt")))
        # The gateway looks after a pause on the tenant's clock, which stands still while another request is in flight.
        while "OpenAI files.list" not in (await world.simulator.state())["requests"]["by_operation"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # only the simulator knows, another process: there is no event to wait for
        question = [Message(role="user", text="Hello")]
        await openai.chat.ask(question, model=world.chat_model(Provider.OPENAI), max_output_tokens=100)
        await storing

    suite.await_(store_and_ask())


if __name__ == "__main__":
    main(*sys.argv[1:])
