# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What became of each event, as far as somebody outside can know; and what the daemon may say of it."""

EXPIRY = 7 * 24 * 3600  # seconds, the default of spool.maxAge
FLUSH_EVENTS = 20  # the default: so many are delivered without being asked for


class Ledger:
    """Events are numbers; all sets are of them."""

    def __init__(self, collector):
        self._collector = collector
        self._last = 0
        self.recorded = {}  # acknowledged, and by which clock
        self.unsure = {}  # the client could not be told: perhaps
        self.discarded = set()  # a no came before the collector had them: they never arrive
        self.discardable = set()  # of these the daemon may say so: it need not know what the collector has
        self.expirable = set()
        self.is_interrupted = False  # something may have happened in the middle of a delivery
        self.is_asked_for = False  # a flush has ended before its delivery, which goes on

    def new(self, count):
        pending = self.existing - self._collector.taken.keys() - self.discarded
        if len(pending) + count >= FLUSH_EVENTS:
            self.is_interrupted = True
        self._last += count
        return range(self._last - count + 1, self._last + 1)

    @property
    def is_exact(self):
        """What the collector has taken is what the daemon knows of."""
        return not self.is_interrupted and not self._collector.is_doubted

    @property
    def next(self):
        return self._last + 1

    @property
    def existing(self):
        return self.recorded.keys() | self.unsure.keys()

    def discard(self):
        """Somebody has said no, and the daemon has done what has to be done."""
        self._collector.settle()
        self.discarded |= self.existing - self._collector.taken.keys()
        self.discardable |= self.existing - (self._collector.taken.keys() if self.is_exact else set())

    def expire(self, clock):
        """A daemon has started, and knows nothing but the clock of now and what it finds."""
        # Whole days are jumped, and a sequence takes seconds.
        old = {event for event, then in (self.recorded | self.unsure).items() if clock - then >= EXPIRY}
        self.expirable |= old

    def check_arrivals(self):
        """Nothing arrives that was recorded while off, or that somebody has said no to, and nothing under two ids."""
        collector = self._collector
        assert not collector.problems, collector.problems
        uninvited = collector.taken.keys() - self.existing
        assert not uninvited, "these were not recorded, and have arrived: %s" % sorted(uninvited)
        undead = collector.taken.keys() & self.discarded
        assert not undead, "these were discarded, and have arrived: %s" % sorted(undead)

    def check_completeness(self, events):
        """They were acknowledged: they have arrived, if nothing that is documented has become of them."""
        explained = self._collector.taken.keys() | self._collector.refused | self.discarded | self.expirable
        assert events <= explained, "these were acknowledged, and are nowhere: %s" % sorted(events - explained)

    def check_figures(self, status):
        """Conservation, as the daemon says it and as we know it."""
        events = status["events"]
        dropped = dict(events["dropped"])
        total = events["pending"] + events["sent"] + events["quarantined"] + sum(dropped.values())
        assert events["recorded"] == total, "the figures do not add up: %s" % events
        assert len(self.recorded) <= events["recorded"] <= len(self.existing), (
            "%d acknowledged, %d more perhaps: %s" % (len(self.recorded), len(self.unsure), events))
        refused = events["quarantined"] + dropped.pop("rejected", 0)
        assert refused <= len(self._collector.refused), "more in quarantine than was refused: %s" % events
        discarded = dropped.pop("telemetry-disabled", 0)
        assert discarded <= len(self.discardable), "more discarded than there was: %s" % events
        expired = dropped.pop("expired", 0)
        assert expired <= len(self.expirable), "expired before its time: %s" % events
        assert not dropped, "dropped for no reason of ours: %s" % events
        assert events["sent"] <= len(self._collector.taken), "sent, and not arrived: %s" % events

    def check_end(self, status):
        """The same when nothing is pending."""
        events = status["events"]
        assert events["pending"] == 0, events
        self.check_completeness(self.recorded.keys())
        if self.is_exact:
            assert events["sent"] == len(self._collector.taken), "arrived, and not counted as sent: %s" % events
            assert self._collector.repeated == 0, "sent twice without a reason"
