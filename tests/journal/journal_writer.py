"""A process that journals resources: FOLDER RUN LEASE_SECONDS COUNT; says each create before the next, then waits."""

import sys
import time
from datetime import timedelta
from pathlib import Path

from support.journal import Journal, Target
from support.values import Provider


def main(folder: str, run_id: str, lease: str, count: str) -> None:
    journal = Journal.open(Path(folder))
    run = journal.begin_run(run_id, Target(name="simulator"), worker="w1", lease=timedelta(seconds=float(lease)))
    register = run.scenario("A file is stored", "tenant-1")
    for number in range(int(count)):
        entry = register.intend(Provider.OPENAI, "file", f"ts-{run_id}-{number:08d}~")
        print("intended", number, flush=True)
        if number % 2:
            register.confirm(entry, f"file-{run_id}-{number}")
            print("confirmed", number, flush=True)
    print("done", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
