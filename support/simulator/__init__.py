"""The embedded provider simulator: OpenAI, Anthropic and Gemini over real HTTP on loopback."""

VERSION = "1.0"
