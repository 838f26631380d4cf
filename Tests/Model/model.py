# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""All that can happen, and what holds after every step of it and at the end."""

from hypothesis.stateful import invariant

import collector as servers
from events import Events
from home import PATIENCE
from notices import Notices
from surroundings import Surroundings
from switch import Switch


class Model(Events, Switch, Notices, Surroundings):
    @invariant()
    def holds(self):
        type(self).steps += 1
        self.check_arrivals()
        self.check_rc_file()
        # Looking shall start no daemon.
        if self.home.daemon():
            self.check_daemon()

    def check_arrivals(self):
        self.collector.settle()
        self.ledger.check_arrivals()
        if self.is_off and self.quiet is not None:
            assert self.collector.requests == self.quiet, "something is sent while telemetry is off"
        self.quiet = self.collector.requests if self.is_off else None

    def check_daemon(self):
        status = self.home.status()
        # So off does not become on by itself, nor on off.
        assert status["telemetry"]["enabled"] != self.is_off, status["telemetry"]
        self.ledger.check_figures(status)

    def come_to_rest(self):
        self.script.append("come_to_rest()")
        self.home.free_disk()
        self.collector.become(servers.UP)
        if self.rc == "broken":
            self.other_program_writes_rc(tracking_disabled=None, by_rename=True)
        self.run("ping")
        self.holds()
        self.collector_has_a_notice()
        # What was recorded before a no does not come behind the yes.
        self.enable()
        self.record(count=1, sync=True)
        self.collector.invite()
        self.run("flush", "--timeout", str(PATIENCE))
        self.holds()
        self.ledger.check_end(self.home.status())
        self.check_record_of_what_left()
        self.check_that_all_are_shown()

    def check_record_of_what_left(self):
        problems = self.home.ask(("sent.verify", {}))[0]["result"]["problems"]
        # What a full disk does not take leaves a gap, and says so.
        assert not problems or self.home.was_disk_full, problems
