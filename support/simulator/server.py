"""One process, one event loop: uvicorn with uvloop and httptools, on a socket that is ours from the start."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Generator

import uvicorn

from support.simulator.app import Simulator, load_providers
from support.simulator.connection import protocol_for
from support.simulator.control import console
from support.simulator.tenants import Tenants

# How long, in seconds, a shutdown waits for answers that are under way.
GRACE = 2


class CannotListen(Exception):
    """The address cannot be had; the text says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host} port {port} ({error.strerror or error}): choose another --port, or --port 0."
        ) from None
    return sock


def build(speed: float) -> Simulator:
    """The application with no tenants yet. `speed` is for the clocks of tenants that are opened by first use."""
    apis = load_providers()
    tenants = Tenants(apis, speed)
    return Simulator(apis, tenants, console(apis, tenants))


def serve(host: str, port: int, speed: float, parent_pid: int | None) -> None:
    """Serve until SIGTERM or SIGINT, or until the process `parent_pid` is gone."""
    sock = listen(host, port)
    simulator = build(speed)
    config = uvicorn.Config(
        simulator,
        loop="uvloop",
        http=protocol_for(simulator),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=300,  # longer than any client's pool: a reused connection must not be closed under it
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, sock, parent_pid)
    gc.collect()
    gc.freeze()  # what is loaded stays: no later collection needs to look at it
    server.run(sockets=[sock])


class _Server(uvicorn.Server):
    """Says when it answers, ends quietly on a signal, and watches the process it was started for."""

    def __init__(self, config: uvicorn.Config, sock: socket.socket, parent_pid: int | None) -> None:
        super().__init__(config)
        self._sock = sock
        self._parent_pid = parent_pid
        self._is_child = parent_pid == os.getppid()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self._sock.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"Touchstone simulator listening on http://{shown}:{port}", flush=True)

    async def on_tick(self, counter: int) -> bool:
        if self._parent_pid is not None and counter % 5 == 0 and not self._parent_is_there(self._parent_pid):
            self.should_exit = True
        return await super().on_tick(counter)

    def _parent_is_there(self, pid: int) -> bool:
        if self._is_child:  # then a dead one may linger as a zombie, but is no longer our parent
            return os.getppid() == pid
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
