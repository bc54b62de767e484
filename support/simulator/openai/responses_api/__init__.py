"""OpenAI's Responses, Conversations and containers: the parts of one area (provider-facts 4.5)."""
