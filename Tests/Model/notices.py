# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Notices: each is shown once, whoever asks and whoever dies."""

import json
import signal
import time

from hypothesis import strategies as st

from scene import Scene, moments, step


class Notices(Scene):
    def __init__(self):
        super().__init__()
        self.codes = []  # of all that the collector has
        self.seen = set()  # those that were shown at some time
        self.has_lost_claims = False  # one was perhaps claimed, and not printed

    @step()
    def collector_has_a_notice(self):
        self.codes.append("NEWS_%d" % len(self.codes))
        # Once, and not again for as long as clocks go.
        self.collector.notices = [
            {"code": code, "message": code + " is out", "visibilityInterval": 10**9} for code in self.codes]

    @step(shells=st.integers(1, 4))
    def claim(self, shells):
        was_down = not self.home.daemon()
        processes = [self.home.start("notifications", "--json") for _ in range(shells)]
        for process in processes:
            code = self.see(process)
            assert code == 0, "notifications: exit code %d" % code
        if was_down:
            self.daemon_has_started()

    @step(after=moments)
    def claim_and_kill_daemon(self, after):
        process = self.home.start("notifications", "--json")
        time.sleep(after / 1e6)
        if self.home.daemon():
            self.home.end_daemon(signal.SIGKILL)
        self.ledger.is_interrupted = True
        self.has_lost_claims = True
        self.daemon_has_ended()
        self.see(process)
        if self.home.daemon():
            self.daemon_has_started()

    @step(after=moments)
    def claim_and_interrupt_client(self, after):
        """Ctrl-C: what was printed was shown; what was not comes again, or never."""
        self.run("ping")
        process = self.home.start("notifications", "--json")
        time.sleep(after / 1e6)
        process.send_signal(signal.SIGINT)
        self.has_lost_claims = True
        self.see(process)

    def see(self, process):
        """The exit code of the client; what it has printed somebody has read."""
        code, output = self.home.finish(process)
        notice = json.loads(output or "{}").get("notification")
        if notice:
            assert notice["code"] not in self.shown, "%s was shown twice" % notice["code"]
            self.seen.add(notice["code"])
            self.shown[notice["code"]] = not self.home.is_disk_full
        return code

    def check_that_all_are_shown(self):
        """Behind a delivery, whose answer brings them; and not again, whatever dies."""
        for _ in self.codes:
            self.claim(shells=1)
        unseen = set(self.codes) - self.seen
        assert not unseen or self.has_lost_claims, "never shown: %s" % unseen
        self.daemon_ends(by="SIGKILL")
        self.claim(shells=2)
