"""Table of docs/reliability.md: `python -m bench.faults`."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.faults.environment import a_stage
from bench.faults.observations import HEADER, look_at
from bench.faults.scenarios import SCENES, CannotStage


def main() -> int:
    """Print the table; return 0 when every promise was kept, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each fault lasts")
    parser.add_argument("--only", choices=sorted(SCENES), help="this fault alone")
    asked = parser.parse_args()
    names = [asked.only] if asked.only else list(SCENES)
    is_well = True
    with tempfile.TemporaryDirectory() as folder, a_stage(Path(folder)) as stage:
        print(HEADER)
        for number, name in enumerate(names):
            try:
                seen = look_at(stage, name, asked.seconds, 2 + number % 3)
            except CannotStage as why:
                print(f"| {name} | not seen: {why} | | | | | |", flush=True)
                continue
            print(seen.row, flush=True)
            is_well = is_well and seen.is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
