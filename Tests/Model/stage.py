# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What all sequences of a run share: copies of the programs, a small disk, and a clock that can be set."""

import ctypes
import glob
import os
import shutil
import subprocess
import tempfile

# A few times what a sequence needs; filling it takes a millisecond.
DISK = "2m"
PR_SET_CHILD_SUBREAPER = 36

# A client starts the daemon with a part of its environment only (DaemonLauncher), so the clock is put in here.
# libfaketime adds to the environment when it is loaded first, and Swift then does not find its arguments, which it
# looks for beside it: by way of env(1) it has been added before.
UNDER_THE_CLOCK = """#!/bin/sh
export FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
LD_PRELOAD={library} exec env {daemon} "$@"
"""


class Stage:
    """`has_small_disk` and `has_clock` say what can be played on it; `lacks` has a sentence for what cannot."""

    def __init__(self, programs):
        self.lacks = []
        self.folder = tempfile.mkdtemp(prefix="slm-")
        self.disk = self.folder + "/disk"
        self.clock = self.folder + "/clock"
        for name in ("bin", "real", "disk"):
            os.mkdir(self.folder + "/" + name, 0o700)
        # A rebuild meanwhile changes nothing. A client looks for the daemon beside itself, links resolved.
        self.client = shutil.copy(programs + "/slstats", self.folder + "/bin")
        daemon = shutil.copy(programs + "/slstatsd", self.folder + "/real")
        self.has_small_disk = self._mount(self.disk, "size=%s,mode=700" % DISK)
        if not self.has_small_disk:
            self.lacks.append("the disk does not get full: there is no mount namespace")
        library = self._faketime()
        self.has_clock = library is not None
        if library:
            self.set_clock(0)
            with open(self.folder + "/bin/slstatsd", "w") as script:
                script.write(UNDER_THE_CLOCK.format(library=library, clock=self.clock, daemon=daemon))
            os.chmod(script.name, 0o700)
        else:
            shutil.copy(daemon, self.folder + "/bin")
        # A daemon leaves whoever started it. It becomes our child: so we know when it has ended, and end only ours.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def set_clock(self, seconds):
        """So many later than it is, or earlier. In one step, since it is read all the time."""
        with open(self.clock + ".new", "w") as file:
            file.write("%+d\n" % seconds)
        os.rename(file.name, self.clock)

    def close(self):
        if self.has_small_disk:
            subprocess.run(["umount", self.disk])
        shutil.rmtree(self.folder)

    def _mount(self, folder, options):
        """A tmpfs for this run only: `model` has made a mount namespace, where that is possible."""
        if os.environ.get("MODEL_NAMESPACE") != "1":
            return False
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]).returncode == 0

    def _faketime(self):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            self.lacks.append("the clock does not jump: there is no libfaketime (Debian: faketime)")
        # It leaves two files there for each process that is killed.
        elif not self._mount("/dev/shm", "mode=1777"):
            self.lacks.append("the clock does not jump: there is no mount namespace")
        else:
            return found[0]
        return None
