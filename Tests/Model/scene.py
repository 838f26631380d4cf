# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What every step starts from: a home, a collector, and what is known of both."""

import functools
import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from collector import Collector
from home import Home
from ledger import Ledger

UNREACHABLE, TRY_LATER, REFUSED = 69, 75, 65  # exit codes of slstats

few = st.integers(1, 6)
# Microseconds. Where in the life of a client of a millisecond, or of one that starts a daemon, something happens to it.
moments = st.sampled_from([0, 300, 600, 1000, 2000, 5000, 30000])


def step(**choices):
    """A rule whose calls are written down, but for those that another one makes."""

    def decorate(body):
        @functools.wraps(body)
        def written(self, **arguments):
            if not self.is_in_step:
                words = ["%s=%r" % argument for argument in arguments.items()]
                self.script.append("%s(%s)" % (body.__name__, ", ".join(words)))
            outer, self.is_in_step = self.is_in_step, True
            try:
                return body(self, **arguments)
            finally:
                self.is_in_step = outer

        return rule(**choices)(written)

    return decorate


class Scene(RuleBasedStateMachine):
    """Rules are in the classes that inherit it, one for each side of the matter."""

    stage = None  # set by whoever runs it
    keep = None  # the folder for the home of a script that fails
    sequences = steps = 0
    failure = None  # the last: its script, and what went wrong

    def __init__(self):
        super().__init__()
        self.script = []
        self.is_in_step = False
        self.home = None

    @initialize(compression=st.sampled_from(["none", "gzip"]))
    def begin(self, compression):
        type(self).sequences += 1
        self.script.append("begin(compression=%r)" % compression)
        if self.stage.has_clock:
            self.stage.set_clock(0)
        self.collector = Collector()
        self.home = Home(self.stage, self.collector.url, compression)
        self.ledger = Ledger(self.collector)
        self.clock = 0  # seconds that it is ahead
        self.has_said_no = False  # by --disable, and not taken back by --enable
        self.rc = "silent"  # or missing; "no"; or "broken"
        self.shown = {}  # notices of which somebody knows so, and whether that is on a disk
        self.quiet = None  # requests until the last step, if telemetry was off then
        # On a disk that was full before there was anything, a no is kept in memory only, and says so.
        self.run("ping")

    # Whether telemetry is on, by what has been said and by whom.

    @property
    def is_plain_no(self):
        """What is pending is discarded; in doubt it is only held back."""
        return self.has_said_no or self.rc == "no"

    @property
    def is_off(self):
        return self.is_plain_no or self.rc == "broken"

    # Programs.

    def run(self, *arguments, allowed=(0,)):
        """A command that has to come to one of these exit codes, which is returned."""
        was_down = not self.home.daemon()
        code, _, complaint = self.home.slstats(*arguments)
        assert code in allowed, "slstats %s: exit code %d: %s" % (" ".join(arguments), code, complaint)
        if was_down:
            self.daemon_has_started()
        return code

    def daemon_has_started(self):
        """It obeys a no that was said while none ran, and throws away what is too old."""
        self.ledger.expire(self.clock)
        if self.is_plain_no:
            self.ledger.discard()

    def daemon_has_ended(self):
        """What it could not write, and has shown in memory only, it has forgotten; and its back-off."""
        self.collector.invite()
        self.shown = {code: True for code, is_on_disk in self.shown.items() if is_on_disk}

    # The end.

    def come_to_rest(self):
        """All is well again; then everything that was promised is there."""
        raise NotImplementedError

    def teardown(self):
        if not self.home:
            return
        error = sys.exc_info()[1]
        try:
            if not error:
                self.come_to_rest()
        except BaseException as late:
            error = late
            raise
        finally:
            if isinstance(error, Exception):
                type(self).failure = (self.script, error)
            self.home.close(self.keep if isinstance(error, Exception) else None)
            self.collector.close()
