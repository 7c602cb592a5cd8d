"""`python -m bench`: run scalers over scenarios and print their figures.

python -m bench                           # everything, on all cores
python -m bench --quick                   # a subset, for daily use
python -m bench --scenarios 'sine*,tight' --policies guv,proportional
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from bench.scaling import tables
from bench.scaling.report import write
from bench.scaling.runs import Row, peers, recipes, run_all
from bench.scaling.scenarios import QUICK


def main(arguments: Sequence[str]) -> None:
    """Run what the arguments ask for, print progress to stderr and tables to stdout."""
    options = _parser().parse_args(arguments)
    scenarios = _chosen(recipes(), options.scenarios or (",".join(QUICK) if options.quick else "*"))
    scalers = _chosen(peers(), options.policies)
    if options.list:
        print("\n".join([*scenarios, "", *scalers]))
        return
    rows = _run(scenarios, scalers, options.processes, options.salt)
    print(tables.by_scenario(rows))
    print()
    print(tables.summary(rows))
    if options.write:
        write(rows, options.write)


def _run(scenarios: Sequence[str], scalers: Sequence[str], processes: int, salt: int) -> list[Row]:
    start, rows = time.monotonic(), list[Row]()
    for number, done in enumerate(run_all(scenarios, scalers, processes, salt), 1):
        rows += done
        seconds = time.monotonic() - start
        print(f"{number}/{len(scenarios)} {done[0].scenario} ({seconds:.0f} s)", file=sys.stderr)
    return sorted(rows, key=lambda row: (scenarios.index(row.scenario), scalers.index(row.scaler)))


def _chosen(known: Iterable[str], patterns: str) -> list[str]:
    known, wanted = list(known), patterns.split(",")
    for pattern in wanted:
        if not any(fnmatch(name, pattern) for name in known):
            sys.exit(f"no scenario or scaler matches {pattern!r}; --list prints their names")
    return [name for name in known if any(fnmatch(name, pattern) for pattern in wanted)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--scenarios", help="names or patterns, with commas between")
    parser.add_argument("--policies", default="*", help="names or patterns, with commas between")
    parser.add_argument("--quick", action="store_true", help="the subset for daily use")
    parser.add_argument(
        "--write", type=Path, help="also write the report and its plots to this file"
    )
    parser.add_argument("--list", action="store_true", help="only list the names")
    parser.add_argument(
        "--salt", type=int, default=0, help="draw the same scenarios with other random numbers"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
