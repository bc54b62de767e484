"""Sentences about a conversation that a product carries on: how it begins, and how it goes on."""

from __future__ import annotations

from behave import given, when

from steps.common import Context
from support.values import Provider


@given("a session with {provider:Provider}")
async def session(context: Context, provider: Provider) -> None:
    await context.world.begin_session(provider)


@when('the team says "{text}" in the session')
async def says(context: Context, text: str) -> None:
    await context.world.says(text)
