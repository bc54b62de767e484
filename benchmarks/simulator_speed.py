"""The simulator: its start, its memory, and its chat completions a second beside a bare Starlette endpoint."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.report import Figure

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 32
SECONDS = 2.0
ROUNDS = 3
FILES = 10_000
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
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, loop="uvloop", http="httptools")
"""


def _started() -> tuple["subprocess.Popen[str]", str, float]:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "support.simulator", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    httpx.get(f"{url}/_simulator/health", trust_env=False).raise_for_status()
    return process, url, time.perf_counter() - began


async def _rate(host: str, port: int, request: bytes) -> float:
    """Requests a second over 32 kept connections, by a client that does next to nothing."""
    done = 0
    end = time.perf_counter() + SECONDS

    async def connection() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection(host, port)
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return done / SECONDS


def _request(port: int, key: str) -> bytes:
    body = json.dumps(
        {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Answer exactly: one two"}]}
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
    return (head + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def _chat_rate(url: str) -> Figure:
    key = httpx.post(f"{url}/_simulator/tenants", json={}, trust_env=False).json()["keys"]["OpenAI"]
    port = int(url.rsplit(":", 1)[1])
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        headers={"authorization": f"Bearer {key}"},
        json={"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Answer exactly: one two"}]},
        trust_env=False,
    )
    bare_port = port + 1 if port < 60_000 else port - 1
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(bare_port), answer.text])
    try:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{bare_port}/", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(asyncio.run(_rate("127.0.0.1", port, _request(port, key))))
            theirs.append(asyncio.run(_rate("127.0.0.1", bare_port, _request(bare_port, key))))
    finally:
        bare.terminate()
        bare.wait()
    return Figure(
        f"chat completions a second at {CONNECTIONS} connections, beside bare Starlette",
        statistics.median(ours),
        statistics.median(theirs),
        0.6,
        "at least",
    )


def _resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _memory(process: "subprocess.Popen[str]", url: str) -> Figure:
    key = httpx.post(f"{url}/_simulator/tenants", json={}, trust_env=False).json()["keys"]["OpenAI"]
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, trust_env=False) as http:

        def store(number: int) -> None:
            content = f"{number:08d}".encode() * 128
            http.post(
                "/v1/files", data={"purpose": "user_data"}, files={"file": (f"{number}.txt", content)}
            ).raise_for_status()

        for number in range(200):
            store(number)
        before = _resident_kb(process.pid)
        for number in range(FILES):
            store(number)
    return Figure(
        "memory a stored file of 1 kB (kB)", (_resident_kb(process.pid) - before) / FILES, None, 3.0, "at most"
    )


def measure() -> list[Figure]:
    starts = []
    for _ in range(5):
        process, url, seconds = _started()
        starts.append(seconds)
        process.terminate()
        process.wait()
    process, url, _ = _started()
    try:
        return [
            Figure("simulator, start to first answer (s)", statistics.median(starts), None, 0.6, "at most"),
            _chat_rate(url),
            _memory(process, url),
        ]
    finally:
        process.terminate()
        process.wait()
