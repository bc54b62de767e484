"""Gemini behind the gateway's vocabulary."""
