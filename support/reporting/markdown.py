"""What stands in a Markdown table."""


def cell(text: str) -> str:
    """The text so that it stays in its cell, and is no HTML."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
