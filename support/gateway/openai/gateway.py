"""OpenAI as one gateway: the SDK's client over the shared transport, and what the provider offers."""

import httpx2
import openai

from support.gateway.call import ChokePoint
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.endpoint import Endpoint
from support.gateway.openai.chat import OpenAIChat
from support.gateway.openai.files import OpenAIFiles
from support.gateway.openai.models import OpenAIModels
from support.gateway.openai.tokens import OpenAITokens
from support.values import Provider


class OpenAIGateway(ProviderGateway):
    """One scenario's OpenAI. The SDK never repeats a request: the choke point does."""

    provider = Provider.OPENAI
    offers = {  # noqa: RUF012  # declared as a class variable by the base
        Capability.FILES: lambda self: OpenAIFiles(self.choke, self.client),
        Capability.CHAT: lambda self: OpenAIChat(self.choke, self.client),
        Capability.TOKENS: lambda self: OpenAITokens(self.choke, self.client),
        Capability.MODELS: lambda self: OpenAIModels(self.choke, self.client),
    }

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        super().__init__(endpoint, http, choke)
        self.choke = choke
        self.client = openai.AsyncOpenAI(
            api_key=endpoint.key,
            base_url=f"{endpoint.base_url.rstrip('/')}/v1",
            http_client=http,
            max_retries=0,
            timeout=endpoint.request_timeout,
        )
