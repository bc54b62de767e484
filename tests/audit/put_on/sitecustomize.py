"""Python imports this when it starts, in a check's process and in all that it starts: the sabotage is on from the beginning."""

import os
import sys
from pathlib import Path

SWITCH = os.environ.get("AUDIT_SWITCH")
ROOT = str(Path(__file__).resolve().parents[3])

# the simulator is the other side: nothing of it is sabotaged
if SWITCH and "support.simulator" not in sys.orig_argv:
    sys.path.insert(0, ROOT)
    try:
        from tests.audit.infrastructure import put_on

        put_on(SWITCH, Path(os.environ["AUDIT_FIRED"]))
    finally:
        sys.path.remove(ROOT)
