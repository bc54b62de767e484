"""Where the Node SDKs are, and what to do when they are not."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
PACKAGES = ("openai", "@anthropic-ai/sdk", "@google/genai")


def missing() -> list[str]:
    return [name for name in PACKAGES if not (ROOT / "node_modules" / name / "package.json").exists()]
