"""The program that an engine starts on another machine for one stage: no verb, and not for people.

Reads an errand from standard input, answers on standard output, and leaves nothing on the machine.
"""

import sys

from mlops_kit import elsewhere
from mlops_kit.cli.environment import read_inputs
from mlops_kit.engines.errand import read_errand, write_answer


def main() -> None:
    """Carry out one errand."""
    snapshot, errand = read_errand(sys.stdin.buffer)
    write_answer(sys.stdout.buffer, elsewhere.carry_out(snapshot, errand, read_inputs().variables))


if __name__ == "__main__":
    main()
