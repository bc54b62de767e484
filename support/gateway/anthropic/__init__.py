"""Anthropic behind the gateway's vocabulary."""
