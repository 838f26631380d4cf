# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""What stands between the daemon and the collector, and does what networks and servers do."""
import http.client, http.server, json, random, socket, threading, time


class Front:
    """Passes batches on to the collector, with the fault of the hour.

    - refused: nobody listens, and a connection from before is closed.
    - 503, and 429 with Retry-After: an answer, but the collector has not seen the batch.
    - lost: the collector has the batch, and the answer never comes; the daemon has to send it again.
    - slow: one to three seconds later.
    """

    def __init__(self, seed):
        # The port stays ours while nobody listens, so that nobody else can take it: a socket that is bound and no more.
        self.reserved = self._bound(("127.0.0.1", 0))
        self.address = self.reserved.getsockname()
        self.url = "http://127.0.0.1:%d/" % self.address[1]
        self.upstream = None
        self.random = random.Random(seed)
        self.fault = "none"
        self.lock = threading.Lock()
        self.requests = {}
        self.passed = 0  # events the collector has acknowledged, each time it did
        self.listener = None
        self._listen()

    @staticmethod
    def _bound(address):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        return bound

    def set(self, fault):
        if fault == "refused" and self.listener is not None:
            self._close()
        self.fault = fault
        if fault != "refused" and self.listener is None:
            self._listen()

    def close(self):
        if self.listener is not None:
            self._close()
        self.reserved.close()

    def _listen(self):
        self.listener = Listener(self.address, Handler, bind_and_activate=False)
        self.listener.socket.close()
        self.listener.socket = self._bound(self.address)
        self.listener.front = self
        self.listener.server_activate()
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def _close(self):
        self.listener.shutdown()
        self.listener.server_close()
        self.listener = None

    def count(self, fault):
        with self.lock:
            self.requests[fault] = self.requests.get(fault, 0) + 1

    def deliver(self, headers, body):
        """Gives a batch to the collector; answers with what it said."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
            connection.request("POST", "/", body, kept)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status == 200:
            with self.lock:
                self.passed += len(json.loads(body))
        return answer.status, answer.getheader("Content-Type", "application/json"), text


class Listener(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    block_on_close = False

    def handle_error(self, request, client_address):
        """A daemon that was killed, or has taken its request back, closes in the middle."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without it the second one waits for an acknowledgement that is delayed.
    disable_nagle_algorithm = True
    timeout = 60

    def do_POST(self):
        front = self.server.front
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = front.fault
        front.count(fault)
        if fault == "refused":
            self.close_connection = True
            return
        if fault in ("503", "429"):
            return self._answer(int(fault), "application/json", b"{}", {"Retry-After": "2"} if fault == "429" else {})
        if fault == "slow":
            time.sleep(front.random.uniform(1, 3))
        answer = front.deliver(self.headers, body)
        if fault == "lost":
            self.close_connection = True
            return
        self._answer(*answer)

    def _answer(self, status, kind, body, headers={}):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The report counts requests; nobody reads them one by one."""
