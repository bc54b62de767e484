"""Pages of our own: one file each, with the style that they share, and nothing from elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

STYLE = Path(__file__).with_name("page.css")


def render(template: Path, **values: object) -> str:
    """The page that the template makes of the values; whatever they hold is escaped."""
    pages = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals["style"] = STYLE.read_text(encoding="utf-8")
    return pages.get_template(template.name).render(**values)
