"""What the tests of the lessons share: the bench of the gateway's tests."""

from tests.gateway.conftest import anyio_backend, bench, simulator_url, tenant

__all__ = ["anyio_backend", "bench", "simulator_url", "tenant"]
