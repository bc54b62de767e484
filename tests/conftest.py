"""For all tests."""

import signal


def pytest_configure() -> None:
    """A shell's background job ignores interruptions, and so would every run that a test starts and interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
