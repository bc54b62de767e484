"""Several processes that open one new ledger at the same moment all get it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import sys, time
from pathlib import Path
from support.ledger import Ledger
while not Path(sys.argv[1]).exists():
    time.sleep(0.0005)
with Ledger.open(sys.argv[2]):
    print("open")
"""


def test_a_new_ledger_is_opened_by_many_together(tmp_path: Path) -> None:
    for attempt in range(4):
        signal, place = tmp_path / f"go{attempt}", tmp_path / f"state{attempt}"
        command = [sys.executable, "-c", OPEN, str(signal), str(place)]
        processes = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(6)
        ]
        signal.touch()
        said = [process.communicate(timeout=60)[0] for process in processes]
        assert said == ["open\n"] * 6
