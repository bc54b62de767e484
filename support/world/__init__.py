"""What one scenario remembers and can do: the object on behave's context that the steps speak to."""

from support.memory import Said
from support.world.conversations import Conversations
from support.world.core import ASSISTANTS_API, OpenGateway, Refused, RunSums
from support.world.together import Together


class World(Conversations, Together):
    """One scenario's world."""


__all__ = ["ASSISTANTS_API", "OpenGateway", "Refused", "RunSums", "Said", "World"]
