"""OpenAI's Assistants API as it was until 2026-08-26: assistants, threads, messages, runs and their steps (provider-facts 4)."""
