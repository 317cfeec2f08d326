"""`python -m bench [CASE…]`: the kit and DVC on the same pipelines, one after the other; prints ratios."""

import sys

from bench.cases import CASES
from bench.drift_rules import RULE_CASES
from bench.logs import LOG_CASES
from bench.machine import describe_machine
from bench.pictures import PICTURE_CASES
from bench.pipelines import chain
from bench.profiles import PROFILE_CASES
from bench.promotions import PROMOTION_CASES
from bench.runs import warm_up
from bench.starts import START_CASES
from bench.sweeps import SWEEP_CASES
from bench.table import render_table

ALL = (
    *CASES,
    *PICTURE_CASES,
    *PROMOTION_CASES,
    *LOG_CASES,
    *START_CASES,
    *RULE_CASES,
    *PROFILE_CASES,
    *SWEEP_CASES,
)


def main(names: list[str]) -> int:
    """Measure the named cases, or all; non-zero where a run failed, the results differ, or a name is unknown."""
    known = [case.name for case in ALL]
    if unknown := sorted(set(names) - set(known)):
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    print(describe_machine(), flush=True)
    print()
    warm_up(chain(3))
    rows = []
    for case in ALL:
        if not names or case.name in names:
            print(f"measuring: {case.title}", file=sys.stderr, flush=True)
            rows.append(case.measure())
            print(f"  {rows[-1]}", file=sys.stderr, flush=True)
    print(render_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
