# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""The switch, and the rc file in which other programs have a say."""

import json
import time

from hypothesis import strategies as st

from home import PATIENCE
from scene import REFUSED, TRY_LATER, Scene, few, step

# What becomes of the file; of "half" only the first half is left.
SPOILT = {"half": None, "empty": b"", "no object": b"[]\n", "one comma too many": b'{"trackingDisabled": false,}\n'}


class Switch(Scene):
    def __init__(self):
        super().__init__()
        self.others_keys = set()  # of other programs, in the rc file
        self.spoilt_rc = None  # what is in it while it is broken

    @property
    def is_rc_in_the_way(self):
        return self.rc == "broken" or self.home.is_disk_full

    @step()
    def disable(self):
        """Off holds from the answer on, also where the rc file cannot be told and the answer says so."""
        code = self.run("--disable", allowed=(0, REFUSED, TRY_LATER) if self.is_rc_in_the_way else (0,))
        self.has_said_no = True
        self.ledger.discard()
        if code == 0:
            assert self.switch_in_rc() is True, "disabled, and the rc file does not say so"
            self.rc = "no"

    @step()
    def enable(self):
        """Either all of it, or nothing has changed."""
        code = self.run("--enable", allowed=(0, REFUSED, TRY_LATER) if self.is_rc_in_the_way else (0,))
        if code == 0:
            assert self.switch_in_rc() is False, "enabled, and the rc file does not say so"
            self.has_said_no = False
            self.rc = "silent"

    @step(count=few)
    def record_while_disable_runs(self, count):
        """Whoever comes first: behind the answer nothing of it is there."""
        events, processes = self.start(count)
        if not self.is_off:
            self.ledger.unsure |= {event: self.clock for event in events}
        self.disable()
        for event, code, complaint in self.finish(events, processes):
            assert code == 0 or self.home.is_disk_full, "record: exit code %d: %s" % (code, complaint)
        self.ledger.discard()

    def switch_in_rc(self):
        return json.loads(self.home.read_rc() or b"{}").get("trackingDisabled")

    # Other programs.

    @step(tracking_disabled=st.sampled_from([None, False, True, "false"]), by_rename=st.booleans())
    def other_program_writes_rc(self, tracking_disabled, by_rename):
        """Reads it, adds a key, writes it; if it cannot read it, it begins anew, as the original does."""
        content = {} if self.rc == "broken" else json.loads(self.home.read_rc() or b"{}")
        key = "other%d" % len(self.script)
        content[key] = {"token": "a/b"}
        if tracking_disabled is not None:
            content["trackingDisabled"] = tracking_disabled
        # In place, on a full disk, it would be gone.
        by_rename = by_rename or self.home.is_disk_full
        if not self.home.write_rc(json.dumps(content, indent=2).encode(), by_rename):
            return
        if self.rc == "broken":
            self.forget_rc()
        self.others_keys.add(key)
        self.rc = "silent" if content.get("trackingDisabled", False) is False else "no"
        self.await_obedience()

    @step(how=st.sampled_from([*SPOILT, "removed"]))
    def rc_is_spoilt(self, how):
        content = self.home.read_rc() or b"{}"
        if how == "removed":
            self.home.write_rc(None, by_rename=False)
            self.rc = "silent"
        else:
            self.home.write_rc(content[:len(content) // 2] if how == "half" else SPOILT[how], by_rename=False)
            # On a full disk nothing of it may be there.
            self.spoilt_rc = self.home.read_rc()
            self.rc = "broken"
        self.forget_rc()
        self.await_obedience()

    def forget_rc(self):
        """What stood in it is gone: other programs' keys, and which notices were shown."""
        self.others_keys = set()
        self.shown = {}

    def await_obedience(self):
        """A daemon that runs obeys without being asked, in a moment."""
        if not self.home.daemon():
            return
        deadline = time.monotonic() + PATIENCE
        while self.is_plain_no and self.home.status()["events"]["pending"]:
            assert time.monotonic() < deadline, "a no in the rc file is not obeyed"
        if self.is_plain_no:
            self.ledger.discard()
        elif self.is_off:
            # By then it has taken back what was on its way.
            self.home.status()
            self.home.status()
            self.collector.settle()

    def check_rc_file(self):
        content = self.home.read_rc()
        if self.rc == "broken":
            assert content == self.spoilt_rc, "a file that cannot be read was changed"
        elif content is not None:
            lost = self.others_keys - json.loads(content).keys()
            assert not lost, "keys of other programs are gone from the rc file: %s" % lost
