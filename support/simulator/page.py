"""The page at /: what the simulator serves and how to use it, made from the routes so that it is never wrong."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from support.simulator import VERSION
from support.simulator.deviations import Deviation
from support.simulator.wire import ProviderApi

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("page.html")


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(TEMPLATE.read_text())


def render(base_url: str, apis: Iterable[ProviderApi], deviations: Iterable[Deviation]) -> str:
    """The page as HTML without anything to load; `base_url` is where the reader found it."""
    providers = [
        (api.name, sorted({(route.operation, route.method, route.path) for route in api.routes})) for api in apis
    ]
    return _template().render(base_url=base_url, providers=providers, deviations=list(deviations), version=VERSION)
