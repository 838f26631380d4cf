# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Random sequences until there were enough, or one breaks a promise; that is made as short as it gets, and printed."""

import argparse
import os
import random
import signal
import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.reporting import with_reporter
from hypothesis.stateful import run_state_machine_as_test

from model import Model
from stage import Stage

KEEP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/counter-example")


def arguments():
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("bin", help="the folder of slstats and slstatsd")
    parser.add_argument("--sequences", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20, help="of each sequence, at most")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same one makes the same scripts")
    parser.add_argument("--keep", default=KEEP, help="where the home of a script that fails goes")
    return parser.parse_args()


def thousands(number):
    return "{:,}".format(number).replace(",", " ")


class Narrated(Model):
    """With a line for each hundred sequences."""

    began = time.monotonic()

    def teardown(self):
        super().teardown()
        if Narrated.sequences % 100 == 0:
            print("%s sequences, %d s" % (thousands(Narrated.sequences), time.monotonic() - self.began), flush=True)


def run(options):
    """Returns how many scripts fail: none, or the one."""
    try:
        with with_reporter(lambda text: None):
            run_state_machine_as_test(seed(options.seed)(Narrated), settings=settings(
                max_examples=options.sequences, stateful_step_count=options.steps, deadline=None, database=None,
                phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck), print_blob=False,
                report_multiple_bugs=False))
    except Exception as outcome:
        if not Narrated.failure:
            raise
        script, error = Narrated.failure
        print("\n".join(["", *script, "%s: %s" % (type(error).__name__, error)]))
        if isinstance(outcome, Flaky):
            print("It does not fail each time, so this is not the shortest there is.")
        print("The home is in %s." % os.path.relpath(options.keep))
        return 1
    return 0


def main():
    options = arguments()
    # Nothing is left behind then either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What a shell says to our programs.
    for name in [name for name in os.environ if name.startswith(("SLS", "XDG_", "DO_NOT_TRACK"))]:
        del os.environ[name]
    stage = Stage(os.path.abspath(options.bin))
    for sentence in stage.lacks:
        print("skipped: " + sentence)
    Narrated.stage, Narrated.keep = stage, os.path.abspath(options.keep)
    try:
        failures = run(options)
    except KeyboardInterrupt:
        return 130
    finally:
        stage.close()
    print("%s sequences, %s steps, %d counter-examples (seed %d)" % (
        thousands(Narrated.sequences), thousands(Narrated.steps), failures, options.seed))
    return failures


if __name__ == "__main__":
    sys.exit(main())
