"""One connection: uvicorn's HTTP protocol, which here sends an answer in one piece and tells a client what it sent wrong."""

from __future__ import annotations

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from support.simulator.app import Simulator
from support.simulator.overlap import Line
from support.simulator.writing import Scope

# A head of which more than this many bytes have come is not waited for any longer.
LARGEST_HEAD = 128 * 1024
# How long, in seconds, what a client still sends after its last answer is read and dropped. Closed at once, the
# connection would be reset, and the client would lose the answer.
LINGER = 2.0


class Connection(HttpToolsProtocol):
    """Lets the application close the connection; unreadable HTTP is answered in a provider's words, and in its turn.

    A client may close its side when it has sent all: whole requests are answered, one that ends too early is refused.
    """

    simulator: Simulator

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._line = Line()
        self.app_state = {"transport": transport, "respond": self.respond, "line": self._line}
        self._standing: tuple[object, bytes] = (None, b"")
        self._head_size = 0
        self._has_completed = False  # a request, in the bytes that came last
        self._is_repeating_head = False
        self._has_ended = False  # the client has closed its side
        self._is_deaf = False  # nothing that still comes is read
        self._owes_refusal = False  # when all that came before is answered

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._line.close()
        self._unset_keepalive_if_required()

    # Reading -----------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        size = len(data)
        self._has_completed = False
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    break
                except httptools.HttpParserUpgrade as stopped:
                    data = data[stopped.args[0] :]
                    self._stay_with_http()
        except httptools.HttpParserError:
            self._refuse_rest()
            return
        if not self._is_in_head():
            self._head_size = 0
            return
        if not self._has_completed:  # else most of the bytes may be of the request before
            self._head_size += size
        if self._head_size > LARGEST_HEAD:
            self._refuse_rest()

    def _stay_with_http(self) -> None:
        """Go on where the client offered another protocol: the parser has stopped behind the head.

        The body is read by a new one, behind a head that says no more than how long the body is.
        """
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        framing = [
            b"%b: %b\r\n" % header
            for header in self.scope["headers"]
            if header[0] in (b"content-length", b"transfer-encoding")
        ]
        url = self.url
        self._is_repeating_head = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        self._is_repeating_head = False
        self.url = url

    def on_message_begin(self) -> None:
        if not self._is_repeating_head:
            super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._is_repeating_head:
            return
        super().on_headers_complete()
        self.headers = []  # trailers are no headers of the request, though they may come before it is looked at

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # only the head is complete
        self._has_completed = True
        self.cycle.more_body = False  # also where the answer did not wait for the body
        self.cycle.message_event.set()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open for what is still to be sent."""
        if self._has_ended:
            return True
        self._has_ended = True
        if self._is_deaf:
            return self._owes_refusal
        cycle = self.cycle
        if self._is_in_head() or (cycle is not None and cycle.more_body and not cycle.response_complete):
            self._refuse_rest()
            return True
        self._is_deaf = True
        if cycle is None or cycle.response_complete:
            return False
        cycle.keep_alive = False
        return True

    def _is_in_head(self) -> bool:
        return self.scope is not None and (self.cycle is None or self.cycle.scope is not self.scope)

    def _refuse_rest(self) -> None:
        """What was read last is no HTTP, or ends too early: it is refused when what came before it is answered."""
        self._is_deaf = True
        cycle = self.cycle
        if cycle is None or self._is_in_head() or not cycle.more_body:  # it belongs to a request of its own
            if cycle is None or cycle.response_complete:
                self._refuse()
            else:
                self._owes_refusal = True
        elif self.pipeline and self.pipeline[0][0] is cycle:  # its turn has not come
            self.pipeline.popleft()
            self._owes_refusal = True
        else:
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
            if cycle.response_started:  # an answer that did not wait for the body is the only one
                self._end()
            else:
                self._refuse()

    def _refuse(self) -> None:
        self._owes_refusal = False
        if not self.transport.is_closing():
            headers = self.scope["headers"] if self.scope is not None else []
            self.transport.write(self.simulator.unreadable(getattr(self, "url", b""), headers))
            self._end()

    def _end(self) -> None:
        """Nothing more is sent. Close when the client does, or after a while."""
        self._is_deaf = True
        self._unset_keepalive_if_required()
        if self._has_ended:
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write_eof()
            self.flow.resume_reading()
            self.timeout_keep_alive_task = self.loop.call_later(LINGER, self.transport.close)

    # Writing -----------------------------------------------------------------------------------------------------------

    def respond(self, scope: Scope, status: int, header_lines: bytes, body: bytes) -> bool:
        """Send a whole answer with one write where uvicorn's `send` takes two; whether that was possible.

        The system call is a fifth of what a short answer costs.
        """
        cycle = self.cycle
        if cycle.scope is not scope or cycle.disconnected or self.flow.write_paused:
            return False  # a later request is already here, or the client is gone or slow: the usual way copes
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if scope["method"] == "HEAD":
            body = b""
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        if self._standing[0] is not cycle.default_headers:  # the date, which uvicorn renews every second
            lines = [b"%b: %b\r\n" % header for header in cycle.default_headers]
            self._standing = cycle.default_headers, b"".join(lines)
        self.transport.write(b"".join((STATUS_LINE[status], self._standing[1], header_lines, end, body)))
        cycle.message_event.set()
        if not cycle.keep_alive and not cycle.more_body:
            self.transport.close()
        cycle.on_response()
        if not cycle.keep_alive and cycle.more_body:
            self._end()
        return True

    def on_response_complete(self) -> None:
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._owes_refusal:
            self._refuse()


def protocol_for(simulator: Simulator) -> type[Connection]:
    """The protocol for every connection to this application."""
    return type("SimulatorConnection", (Connection,), {"simulator": simulator})
