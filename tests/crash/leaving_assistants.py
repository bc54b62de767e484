"""A run that leaves one of everything that assistants need at its account, on both backends, and waits to be killed.

Arguments: the simulator's URL, the folder of ledger and journal, the run's id. It says so once everything is there.
"""

import asyncio
import sys
from datetime import UTC, datetime

from support.gateway.capabilities import Assistants
from support.run.scenarios import ScenarioFacts
from support.run.suite import OpenScenario, Suite
from support.settings import Settings
from support.targets import choose
from support.values import CodeTool, NewMessage, Provider
from support.world import World

SCENARIO = "one of everything"
KINDS = ("v2_assistant", "v2_thread", "kept_assistant", "conversation", "response", "container")
BEGINS = datetime(2026, 8, 20, 9, tzinfo=UTC)
"""A day on which the older API was still there."""
READY = "everything is there"


def begun(url: str, state: str, run: str, begins: datetime = BEGINS) -> tuple[Suite, OpenScenario]:
    """A run of the suite in its only scenario."""
    settings = Settings.read({"simulator_url": url, "state": state, "lease": "1"})
    suite = Suite.open(settings, asyncio.new_event_loop(), choose(settings), run)
    facts = ScenarioFacts(
        SCENARIO, "", "assistants", "", (Provider.OPENAI,), None, simulator_only=True, slow=False, begins=begins
    )
    return suite, suite.begin(facts)


async def one_of_everything(world: World) -> None:
    """An assistant that can run programs, its thread, and a run that did: each of KINDS."""
    gateway = world.gateway(Provider.OPENAI)
    for assistants in (gateway.assistants_v2, gateway.assistants):
        await a_run_of(assistants, world.chat_model(Provider.OPENAI))


async def a_run_of(assistants: Assistants, model: str) -> None:
    assistant = await assistants.create(model=model, tools=(CodeTool(),))
    thread = await assistants.threads.create([NewMessage(text="What is 10! exactly?")])
    assert (await assistants.runs.complete(thread.id, assistant.id)).status == "completed"


def main(url: str, state: str, run: str) -> None:
    suite, scenario = begun(url, state, run)
    suite.await_(one_of_everything(scenario.world))
    print(READY, flush=True)
    suite.await_(asyncio.sleep(600))


if __name__ == "__main__":
    main(*sys.argv[1:])
