"""The simulator's chat completions a second, beside a bare Starlette endpoint and, where it is installed, aimock."""

import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks.load import rate
from benchmarks.report import Figure
from benchmarks.simulator_start import simulator

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 32
SECONDS = 1.5
ROUNDS = 5
ASKED = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Answer exactly: one two"}]}
BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
BODY = sys.argv[2].encode()
async def chat(request):
    await request.body()
    return Response(BODY, media_type="application/json")
app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, loop="uvloop",
            http="httptools", ws="none", lifespan="off", proxy_headers=False, server_header=False)
"""
AIMOCK = ROOT / "node_modules" / "@copilotkit" / "aimock"
AIMOCK_SERVER = """
const { LLMock } = await import(process.argv[1]);
const mock = new LLMock({ port: Number(process.argv[2]), host: "127.0.0.1", logLevel: "silent" });
mock.onMessage("Answer exactly: one two", { content: "one two" });
await mock.start();
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _server(port: int, *command: str) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _request(port: int, key: str) -> bytes:
    body = json.dumps(ASKED).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
    return (head + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def measure() -> list[Figure]:
    with ExitStack() as running:
        _, url, _ = running.enter_context(simulator())
        key = httpx.post(f"{url}/_simulator/tenants", json={}, trust_env=False).json()["keys"]["OpenAI"]
        answer = httpx.post(
            f"{url}/v1/chat/completions", headers={"authorization": f"Bearer {key}"}, json=ASKED, trust_env=False
        ).raise_for_status()
        ports = {"ours": int(url.rsplit(":", 1)[1])}
        port = _free_port()
        ports["bare Starlette"] = running.enter_context(
            _server(port, sys.executable, "-c", BARE, str(port), answer.text)
        )
        if AIMOCK.is_dir():
            port = _free_port()
            entry = (AIMOCK / "dist" / "index.js").as_uri()
            ports["aimock"] = running.enter_context(
                _server(port, "node", "--input-type=module", "-e", AIMOCK_SERVER, entry, str(port))
            )
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(ROUNDS):
            for name, port in ports.items():
                request = _request(port, key)
                rates[name].append(rate("127.0.0.1", port, request, connections=CONNECTIONS, seconds=SECONDS))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    targets = {"bare Starlette": 0.6, "aimock": 1.0}
    return [
        Figure(
            f"chat completions a second at {CONNECTIONS} connections, beside {name}",
            medians["ours"],
            medians[name],
            target,
            "at least",
        )
        for name, target in targets.items()
        if name in medians
    ]
