"""Renders Allure results as one HTML file with the Allure CLI that `package-lock.json` pins."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.errors import SetupError
from support.reporting.categories import CATEGORIES

_ROOT = Path(__file__).resolve().parents[2]
_CLI = Path("node_modules", "allure", "cli.js")
_TIMEOUT_SECONDS = 300

_CONFIG = {
    "name": "Touchstone",
    "hideLabels": ["framework", "language", "host", "thread"],
    "plugins": {
        "awesome": {
            "options": {
                "singleFile": True,
                "reportLanguage": "en",
                "groupBy": ["epic", "feature", "story"],
            }
        },
        "agent": {"enabled": False},
    },
    # Allure 3 reads `categories.json` only for its older report
    "categories": [category.as_json() for category in CATEGORIES],
}

_ANALYTICS = re.compile(
    r"<script async src=\"https://www\.googletagmanager\.com/[^\"]*\"></script>\s*<script>\s*window\.dataLayer.*?</script>",
    re.DOTALL,
)
_REMOTE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?https?://", re.IGNORECASE)

_STYLE = '<style>iframe[title="Markdown attachment"]:not([height]) { height: 70vh }</style>'
"""Opened as a file, the page may not measure the frame in which it shows Markdown, and leaves it 150 pixels high."""


def render(results_dir: Path, out_html: Path, *, root: Path = _ROOT) -> Path:
    """Writes the report of `results_dir` to `out_html` and answers its path.

    Allure puts a script of Google's into each report; it is taken out, so that opening the report calls nobody.
    `root` is the folder that holds `node_modules`. Raises SetupError, with the results kept, where there is nothing to
    render, Node.js or the CLI is missing, or Allure fails.
    """
    if not any(results_dir.glob("*-result.json")):
        raise SetupError(f"There are no results in {results_dir}: run `behave` first.")
    kept = f"The results are kept in {results_dir}, but the report cannot be made:"
    node = shutil.which("node")
    if node is None:
        raise SetupError(f"{kept} Node.js is missing. Install Node.js 20 or newer, then run `npm ci`.")
    cli = root / _CLI
    if not cli.is_file():
        raise SetupError(f"{kept} the Allure CLI is missing. Run `npm ci` in the project's folder.")
    with tempfile.TemporaryDirectory(prefix="touchstone-report-") as folder:
        config, made = Path(folder, "allurerc.json"), Path(folder, "report")
        config.write_text(json.dumps(_CONFIG), encoding="utf-8")
        command: list[str | Path] = [
            node,
            cli,
            "generate",
            results_dir.resolve(),
            "--config",
            config,
            "--output",
            made,
            "--cwd",
            folder,
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                cwd=folder,
                env=_environ(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SetupError(f"{kept} Allure did not end: {error}.") from error
        index = made / "index.html"
        if done.returncode != 0 or not index.is_file():
            words = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
            raise SetupError(f"{kept} Allure says: {words[-1].strip()}")
        page = _mended(index.read_text(encoding="utf-8"))
    try:
        out_html.parent.mkdir(parents=True, exist_ok=True)
        out_html.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{kept} {out_html} cannot be written ({error.strerror}).") from error
    return out_html


def _mended(page: str) -> str:
    page = _ANALYTICS.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)
    if found := _REMOTE.search(page):
        raise SetupError(f"Allure's report would load a part from elsewhere ({found[0]}…): it is not kept.")
    return page


def _environ() -> dict[str, str]:
    """Without proxies and tokens: Allure has no business on the network."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG", "CI")}
