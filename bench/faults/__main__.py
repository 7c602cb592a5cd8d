"""Table of docs/reliability.md: `python -m bench.faults`."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.faults.environment import fault_environment
from bench.faults.observations import HEADER, observe
from bench.faults.scenarios import FAULTS, FaultImpossible


def main() -> int:
    """Print the table; return 0 when every promise was kept, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each fault lasts")
    parser.add_argument("--only", choices=sorted(FAULTS), help="only this fault")
    options = parser.parse_args()
    names = [options.only] if options.only else list(FAULTS)
    is_well = True
    with tempfile.TemporaryDirectory() as folder, fault_environment(Path(folder)) as environment:
        print(HEADER)
        for number, name in enumerate(names):
            try:
                observation = observe(environment, name, options.seconds, 2 + number % 3)
            except FaultImpossible as why:
                print(f"| {name} | not possible here: {why} | | | | | |", flush=True)
                continue
            print(observation.row, flush=True)
            is_well = is_well and observation.is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
