// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Collectors that scripts start, in the folder they are in.
extension Sandbox {
    /// For bash: `collect [OPTION ...]` starts slstats-collector on any port, as `$collector`, and tells programs where
    /// it is. It says `listening` and writes to `data` and `collector.log`.
    static let collect = #"""
        collect() {
            slstats-collector --port 0 --data data "$@" > listening 2> collector.log & collector=$!
            until [ -s listening ]; do kill -0 $collector || exit; done
            export SLSTATS_COLLECTOR_URL="$(sed 's/listening on //' listening)"
        }

        """#

    /// For Python: `collect(answer)` serves on a thread what slstats-collector would never say, and tells programs
    /// where; `answer` is given the body and returns the status, the fields of the head and the body.
    static let collectInPython = #"""
        import http.server, os, threading
        def collect(answer=lambda body: (200, {}, b"")):
            class Collector(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    status, fields, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                    self.send_response(status)
                    for name, value in fields.items(): self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    try: self.wfile.write(body)
                    except OSError: pass
                def log_message(self, *_): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            os.environ["SLSTATS_COLLECTOR_URL"] = f"http://127.0.0.1:{server.server_port}/"

        """#
}
