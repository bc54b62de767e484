"""OpenAI's Assistants API as it was until 2026-08-26: the SDK's `client.beta` on one side, the gateway's words on the other."""
