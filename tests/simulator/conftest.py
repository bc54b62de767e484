"""One simulator process for the whole session, and tenants in it: every test goes over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.plain_http import plain_client
from tests.simulator.account import Account

ROOT = Path(__file__).resolve().parents[2]
START = "2026-11-22T10:00:00+00:00"


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """The base URL of a simulator process on a free port."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("Touchstone simulator listening on "), line
            yield line.split()[-1]
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def plane(simulator_url: str) -> Iterator[httpx.Client]:
    """A client of the control plane."""
    with plain_client(simulator_url, timeout=10) as client:
        yield client


@pytest.fixture
def open_tenant(plane: httpx.Client, simulator_url: str) -> Iterator[Callable[..., Account]]:
    """Opens tenants: `open_tenant(deviation=..., speed=...)`. Their clocks stand at START unless said otherwise."""
    opened: list[Account] = []

    def opener(**wanted: Any) -> Account:
        made = plane.post("/_simulator/tenants", json={"now": START, **wanted}).raise_for_status().json()
        opened.append(Account(made["id"], made["keys"], simulator_url, plane))
        return opened[-1]

    yield opener
    for account in opened:
        plane.delete(f"/_simulator/tenants/{account.id}")


@pytest.fixture
def tenant(open_tenant: Callable[..., Account]) -> Account:
    """A tenant whose clock stands still at START."""
    return open_tenant()
