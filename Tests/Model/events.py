# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""Recording and delivering."""

import signal
import time

from hypothesis import strategies as st
from hypothesis.stateful import precondition

import collector as servers
from home import PATIENCE
from ledger import FLUSH_EVENTS
from scene import TRY_LATER, UNREACHABLE, Scene, few, moments, step


class Events(Scene):
    @step(count=few, sync=st.booleans())
    def record(self, count, sync):
        """By so many shells at once."""
        was_down = not self.home.daemon()
        for event, code, complaint in self.finish(*self.start(count, sync)):
            if code == 0 and not self.is_off:
                self.ledger.recorded[event] = self.clock
            else:
                # Off, silently, or refused with a reason: it must never arrive.
                is_refused = code == TRY_LATER and self.home.is_disk_full
                assert code == 0 or is_refused, "record: exit code %d: %s" % (code, complaint)
        if was_down:
            self.daemon_has_started()

    @step()
    @precondition(lambda self: not self.home.is_disk_full)
    def record_25_in_one_go(self):
        """So many that a delivery begins by itself; as programs do that speak the protocol themselves."""
        self.run("ping")
        events = self.ledger.new(25)
        calls = [("record", {"event": {"command": "info", "commandDurationMs": event}}) for event in events]
        for event, reply in zip(events, self.home.ask(*calls)):
            assert reply["result"]["recorded"] != self.is_off, reply
            if not self.is_off:
                self.ledger.recorded[event] = self.clock

    @step()
    @precondition(lambda self: len(self.collector.poisoned) < 3)
    def record_what_the_collector_does_not_take(self):
        """It refuses whole requests for it; the others in them arrive all the same."""
        self.collector.poisoned |= {self.ledger.next}
        self.record(count=1, sync=False)

    @step(count=few, after=moments)
    def record_and_kill_daemon(self, count, after):
        """Clients whose daemon dies ask the next one; what they were told holds."""
        events, processes = self.start(count)
        time.sleep(after / 1e6)
        if self.home.daemon():
            self.home.end_daemon(signal.SIGKILL)
        self.ledger.is_interrupted = True
        self.daemon_has_ended()
        for event, code, complaint in self.finish(events, processes):
            assert code in (0, UNREACHABLE) or self.home.is_disk_full, "record: exit code %d: %s" % (code, complaint)
            if not self.is_off and code in (0, UNREACHABLE):
                (self.ledger.unsure if code else self.ledger.recorded)[event] = self.clock
        self.daemon_has_started()

    def start(self, count, sync=False):
        """Events, and the processes that record them."""
        options = ["--strict", "--sync"] if sync else ["--strict"]
        events = self.ledger.new(count)
        return events, [
            self.home.start("record", "info", "commandDurationMs=%d" % event, *options) for event in events]

    def finish(self, events, processes):
        """Each event, the exit code, and what the client complains of."""
        for event, process in zip(events, processes):
            code, output = self.home.finish(process)
            assert not output, "record prints something: " + output
            yield event, code, process.complaint

    @step(patient=st.booleans())
    def flush(self, patient):
        # A connection that is refused is tried again for five seconds, and one that is not answered is waited for.
        patient = patient and self.collector.mode not in (servers.DOWN, servers.STALLS)
        if not patient:
            self.ledger.is_interrupted = True
        pending = set(self.ledger.recorded)
        # So many are delivered by themselves, perhaps just now.
        is_due = len(self.ledger.existing - self.collector.taken.keys()) >= FLUSH_EVENTS
        self.collector.invite(on_their_way=int(is_due or self.ledger.is_asked_for))
        code = self.run("flush", "--timeout", str(PATIENCE if patient else 0), allowed=(0, TRY_LATER))
        self.ledger.is_asked_for = code != 0
        if not self.is_off and code == 0:
            self.collector.settle()
            self.ledger.check_completeness(pending)
        elif not self.is_off and patient:
            assert self.collector.mode != servers.UP, "not delivered, and nothing is in the way"

    @step(mode=st.sampled_from(servers.MODES), count=st.integers(1, 12), patient=st.booleans())
    def deliver_to_collector_that(self, mode, count, patient):
        """Steps that come to something together are rare when each is drawn by itself."""
        self.collector.become(mode)
        self.record(count=count, sync=False)
        self.flush(patient=patient)
