"""One simulator process for the tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.fidelity.recordings import ROOT
from tests.plain_http import plain_client


@pytest.fixture(scope="session")
def plane() -> Iterator[httpx.Client]:
    """A client of a simulator of our own; its control plane, and the providers."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        try:
            with plain_client(url, timeout=30) as client:
                yield client
        finally:
            process.terminate()
            process.wait(10)
