# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What happens around us: collectors, processes, disks and clocks."""

import signal

from hypothesis import strategies as st
from hypothesis.stateful import precondition

import collector as servers
from scene import Scene, step

DAY = 24 * 3600


class Surroundings(Scene):
    @step(mode=st.sampled_from(servers.MODES))
    def collector_now(self, mode):
        self.collector.become(mode)

    @step(by=st.sampled_from(["SIGKILL", "SIGTERM"]))
    def daemon_ends(self, by):
        """The next client starts another one. Where none runs any more nothing happens: that is a matter of timing, and
        which steps there are must not be one."""
        if self.home.daemon():
            self.home.end_daemon(signal.Signals[by])
            self.ledger.is_interrupted = self.ledger.is_interrupted or by == "SIGKILL"
            self.daemon_has_ended()

    @step(pages=st.sampled_from([0, 1, 2, 4]))
    @precondition(lambda self: self.stage.has_small_disk and not self.home.is_disk_full)
    def disk_is_full(self, pages):
        self.home.fill_disk(pages)

    @step()
    @precondition(lambda self: self.home.is_disk_full)
    def disk_has_room(self):
        self.home.free_disk()

    @step(days=st.sampled_from([-400, -30, -1, 1, 8, 400]))
    @precondition(lambda self: self.stage.has_clock)
    def clock_jumps(self, days):
        self.clock += days * DAY
        self.stage.set_clock(self.clock)
