"""OpenAI behind the gateway's vocabulary."""
