# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""A collector that keeps what it was sent, and that can be in trouble in every way a server can."""

import gzip
import json
import selectors
import socket
import threading

# How it behaves. It has the events of a request as soon as it has read them in UP, LOSES and STALLS.
UP = "works"  # 200
DOWN = "is down"  # nobody listens
REFUSES = "refuses"  # 400, whatever it is
BUSY = "is busy"  # 429 with Retry-After
BROKEN = "fails"  # 500
OVERLOADED = "is overloaded"  # 503
LOSES = "loses its answers"  # takes it, and hangs up
STALLS = "stalls"  # takes it, and answers when it is in another mode
MODES = [UP, DOWN, REFUSES, BUSY, BROKEN, OVERLOADED, LOSES, STALLS]

ANSWERS = {REFUSES: "400 Bad Request", BUSY: "429 Too Many Requests\r\nRetry-After: 60",
           BROKEN: "500 Internal Server Error", OVERLOADED: "503 Service Unavailable"}


class Collector:
    """One thread, which owns all that is below; others ask it by `settle`, behind which they may read.

    An event is known by its `commandDurationMs`, which is another one for each that is recorded.
    """

    def __init__(self):
        self.mode = UP
        self.poisoned = set()  # events for which a whole request is refused
        self.notices = []
        self.requests = 0
        self.taken = {}  # event: its id
        self.refused = set()  # events of requests that were answered with 400
        self.repeated = 0  # events that came although they had been taken
        self.is_doubted = False  # the sender cannot know of something that it was taken
        self.is_told_to_wait = False  # somebody was, and nobody has been invited since
        self._uncounted = 0  # requests that an invitation may find on their way
        self.problems = []  # what no sender may do
        self._events = {}  # id: the event as it came first
        self._keys = {}  # idempotency key: the ids that came with it first
        self._stalled = []
        self._buffers = {}
        self._listener = None
        self._selector = selectors.DefaultSelector()
        # Never listens: it keeps the port while nobody does, so that connections are refused and nobody else gets it.
        self._place = self._bound(0)
        self.url = "http://127.0.0.1:%d/" % self._place.getsockname()[1]
        self._jobs = []
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._is_closed = False
        self._listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # What others call.

    def settle(self, job=lambda: None):
        """Returns when everything that was sent to it before has been read, and `job` done behind that."""
        done = threading.Event()
        self._jobs.append((job, done))
        self._wake.send(b".")
        if not done.wait(10):
            raise RuntimeError("the collector of the model hangs")

    def invite(self, on_their_way=0):
        """Somebody asks for a delivery now, or has forgotten that there was to be none. What is on its way in this moment
        may arrive behind the invitation, and before whoever is invited."""
        def forget():
            self.is_told_to_wait = False
            self._uncounted = on_their_way
        self.settle(forget)

    def become(self, mode):
        self.settle(lambda: self._become(mode))

    def close(self):
        self.settle(self._close)
        self._thread.join()

    # The thread.

    def _run(self):
        while not self._is_closed:
            self._handle(self._selector.select())
            while self._jobs:
                while ready := [key for key in self._selector.select(0) if key[0].fileobj is not self._woken]:
                    self._handle(ready)
                job, done = self._jobs.pop(0)
                job()
                done.set()

    def _handle(self, ready):
        for key, _ in ready:
            if key.fileobj is self._woken:
                self._woken.recv(100)
            elif key.fileobj is self._listener:
                connection = self._listener.accept()[0]
                self._buffers[connection] = b""
                self._selector.register(connection, selectors.EVENT_READ)
            elif key.fileobj in self._buffers:
                self._read(key.fileobj)

    def _become(self, mode):
        stalled, self._stalled = self._stalled, []
        for connection in stalled:
            self._answer_taken(connection) if mode != DOWN else self._hang_up(connection)
        if mode == DOWN:
            for connection in list(self._buffers):
                self._hang_up(connection)
            self._unlisten()
        elif self._listener is None:
            self._listen()
        self.mode = mode

    def _close(self):
        self._become(DOWN)
        for thing in (self._place, self._wake, self._woken, self._selector):
            thing.close()
        self._is_closed = True

    # Connections.

    def _bound(self, port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def _listen(self):
        self._listener = self._bound(self._place.getsockname()[1])
        self._listener.listen()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def _unlisten(self):
        if self._listener:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _hang_up(self, connection):
        self._selector.unregister(connection)
        del self._buffers[connection]
        self.is_doubted = self.is_doubted or connection in self._stalled
        self._stalled = [other for other in self._stalled if other is not connection]
        connection.close()

    def _read(self, connection):
        try:
            more = connection.recv(1 << 16)
        except OSError:
            more = b""
        if not more:
            return self._hang_up(connection)
        self._buffers[connection] += more
        head, end, body = self._buffers[connection].partition(b"\r\n\r\n")
        if not end:
            return None
        headers = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
        if len(body) < int(headers["content-length"]):
            return None
        self._buffers[connection] = b""
        return self._handle_request(connection, headers, body)

    # Requests.

    def _handle_request(self, connection, headers, body):
        self.requests += 1
        if self.is_told_to_wait and self._uncounted:
            self._uncounted -= 1
        elif self.is_told_to_wait:
            self.problems.append("a request before Retry-After is over, and nobody has asked for it")
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        events = json.loads(body)
        self._check(headers["idempotency-key"], events)
        numbers = {event["commandDurationMs"] for event in events}
        if self.mode == REFUSES or self.mode == UP and numbers & self.poisoned:
            # Of those beside what is not taken nothing may be lost.
            self.refused |= numbers if self.mode == REFUSES else numbers & self.poisoned
            return self._answer(connection, ANSWERS[REFUSES])
        self.is_told_to_wait = self.mode == BUSY
        if self.mode in ANSWERS:
            return self._answer(connection, ANSWERS[self.mode])
        for event in events:
            self.repeated += event["commandDurationMs"] in self.taken
            self.taken[event["commandDurationMs"]] = event["id"]
        if self.mode == LOSES:
            self.is_doubted = True
            return self._hang_up(connection)
        if self.mode == STALLS:
            self.is_doubted = True
            self._stalled.append(connection)
            return None
        return self._answer_taken(connection)

    def _check(self, key, events):
        """What a collector that throws duplicates away relies on."""
        ids = {event["id"] for event in events}
        if len(ids) != len(events) or not ids:
            self.problems.append("a request with an event twice, or with none")
        if not ids <= self._keys.setdefault(key, ids):
            self.problems.append("the key %s came again with other events" % key)
        for event in events:
            if self._events.setdefault(event["id"], event) != event:
                self.problems.append("the id %s came again with another event" % event["id"])
            if self.taken.get(event["commandDurationMs"], event["id"]) != event["id"]:
                self.problems.append("event %d came under two ids" % event["commandDurationMs"])

    def _answer_taken(self, connection):
        self._answer(connection, "200 OK\r\nContent-Type: application/json", json.dumps(self.notices))

    def _answer(self, connection, head, body=""):
        try:
            connection.sendall(("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)).encode())
        except OSError:
            self._hang_up(connection)
