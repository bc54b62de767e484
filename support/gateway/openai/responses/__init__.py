"""Assistants on what came after them: OpenAI's Responses and Conversations, and a store for what these have no object for."""
