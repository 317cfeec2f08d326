"""`python -m bench`: the kit and DVC on the same pipelines, one after the other; prints seconds and ratios."""

import sys

from bench.machine import describe_machine
from bench.pairs import CASES, measure
from bench.table import render_table


def main() -> int:
    """Measure every case; non-zero only where a run failed or the results differ."""
    print(describe_machine(), flush=True)
    print()
    pairs = []
    for case in CASES:
        print(f"measuring: {case.name}", file=sys.stderr, flush=True)
        pairs.append(measure(case))
    print(render_table(pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
