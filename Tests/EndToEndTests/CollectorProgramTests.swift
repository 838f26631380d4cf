// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import Testing

@Suite("A collector that is hosted")
struct CollectorProgramTests {
    @Test("with TLS, a token and compressed bodies events arrive; without the token nothing does; events prints them")
    func hosted() async throws {
        try await Sandbox.run { sandbox async throws in
            let script = """
                set -e
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                    -keyout key.pem -out cert.pem 2> /dev/null
                (umask 077; echo s3cret > token; echo wrong > wrong)
                slstats-collector --data data --host localhost --port 0 --tls-certificate cert.pem --tls-key key.pem \
                    --token-file token --keep 90d --threshold 1 > listening 2> collector.log & collector=$!
                until url="$(grep -o 'https://[^ ]*' listening)"; do kill -0 $collector; sleep 0.05; done
                export SLSTATS_COLLECTOR_URL="$url" SLSTATS_COLLECTOR_CAFILE="$HOME/cert.pem" SLSTATS_COLLECTOR_COMPRESSION=gzip
                for number in 1 2 3; do slstats record --strict info commandDurationMs=$number; done
                kill $(cat .local/state/slstats/lock)
                flock .local/state/slstats/lock true
                SLSTATS_COLLECTOR_TOKENFILE="$HOME/wrong" slstats flush --timeout 60 || echo "with a wrong token: $?"
                kill $(cat .local/state/slstats/lock)
                flock .local/state/slstats/lock true
                SLSTATS_COLLECTOR_TOKENFILE="$HOME/token" slstats flush --timeout 60
                slstats-collector events --data data | grep -c '"command":"info"'
                slstats-collector events --data data --format csv | head -c 31; echo
                slstats-collector events --data data --since 1h | wc -l
                python3 - "$url" << 'END'
                import base64, ssl, sys, urllib.request
                context = ssl.create_default_context(cafile="cert.pem")
                def get(path, **headers):
                    request = urllib.request.Request(sys.argv[1] + path, headers=headers)
                    return urllib.request.urlopen(request, context=context).read().decode()
                key = base64.b64encode(b"me:s3cret").decode()
                print("3 events of 1 installation" in get("", Authorization="Basic " + key))
                print("slstats_collector_events_total 3" in get("metrics", Authorization="Bearer s3cret"))
                print(get("healthz"))
                try: get("")
                except urllib.error.HTTPError as error: print(error.code)
                END
                kill $collector
                wait $collector
                stat -c %a data data/events.sqlite
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(
                result.output == """
                    0 delivered, 3 pending: stopped: HTTP 401
                    with a wrong token: 75
                    3 delivered, 0 pending: delivered
                    3
                    id,timestamp,received,installat
                    3
                    True
                    True
                    {"status":"ok"}
                    401
                    700
                    600

                    """, "\(result.output)\n\(result.errors)")
            #expect(result.status == 0)
        }
    }

    @Test("mistakes on the command line and in files are told, with the way out")
    func mistakes() async throws {
        try await Sandbox.run { sandbox async throws in
            func run(_ arguments: String...) async throws -> (Int32, String) {
                let result = try await sandbox.run("slstats-collector", arguments)
                return (result.status, result.errors)
            }
            let (alone, text) = try await run("--data", "d", "--tls-key", "k")
            #expect(alone == 64 && text.contains("--tls-certificate and --tls-key go together"))
            let (token, why) = try await run("--data", "d", "--port", "0", "--token-file", "none")
            #expect(token == 65 && why.contains("none cannot be read"))
            let (tls, files) = try await run(
                "--data", "d", "--port", "0", "--tls-certificate", "c", "--tls-key", "k")
            #expect(tls == 65 && files.contains("c and k are no certificate and its key"))
            #expect(try await run("--data", "d", "--keep", "soon").0 == 64)
            let (none, place) = try await run("events", "--data", "nowhere")
            #expect(none == 64 && place.contains("there is no nowhere/events.sqlite"))
            #expect(!FileManager.default.fileExists(atPath: sandbox.home + "/nowhere"))
        }
    }

    @Test("killed at any moment under eight daemons it has what it answered 200, and nothing twice")
    func killed() async throws {
        let rounds = Sandbox.isLong ? 100 : 8
        try await Sandbox.run(["SLSTATS_IDLE_EXITAFTER": "never"]) { sandbox async throws in
            let script = """
                set -e
                start() {
                    slstats-collector --data data --port $1 --requests-per-minute 1000000 > listening 2>> collector.log & collector=$!
                    until url="$(grep -o 'http://[^ ]*' listening)"; do kill -0 $collector; sleep 0.01; done
                }
                start 0
                port="${url##*:}"; port="${port%/}"
                export SLSTATS_COLLECTOR_URL="$url"
                for home in $(seq 8); do
                    mkdir -p homes/$home/run
                    chmod 700 homes/$home/run
                    (
                        export HOME="$PWD/homes/$home" XDG_RUNTIME_DIR="$PWD/homes/$home/run"
                        while [ ! -e done ]; do
                            slstats record info commandDurationMs=1
                            slstats record deploy commandDurationMs=2
                            slstats flush --timeout 1 > /dev/null 2>&1 || true
                        done
                        until slstats flush --timeout 20 > /dev/null 2>&1; do sleep 0.1; done
                    ) &
                    senders+=($!)
                done
                for round in $(seq \(rounds)); do
                    # From the middle of a write to some time in peace.
                    sleep 0.$((RANDOM % 40 + 10))
                    kill -9 $collector
                    wait $collector || true
                    start $port
                done
                touch done
                wait "${senders[@]}"
                for home in homes/*; do
                    HOME="$PWD/$home" XDG_RUNTIME_DIR="$PWD/$home/run" slstats status --json >> statuses
                    kill $(cat $home/.local/state/slstats/lock)
                done
                python3 - << 'END'
                import glob, json, sqlite3
                answered, requests = set(), 0
                for path in glob.glob("homes/*/.local/state/slstats/sent/*.sent"):
                    head, body = open(path).read().splitlines()
                    assert json.loads(head)["status"] == 200
                    requests += 1
                    answered |= {event["id"] for event in json.loads(body)}
                rows = sqlite3.connect("data/events.sqlite").execute("SELECT id FROM event").fetchall()
                ids = {row[0] for row in rows}
                decoder, text, sent, recorded = json.JSONDecoder(), open("statuses").read().strip(), 0, 0
                while text:
                    status, end = decoder.raw_decode(text)
                    text = text[end:].strip()
                    sent += status["events"]["sent"]
                    recorded += status["events"]["recorded"]
                    assert status["events"]["pending"] == 0 and not status["events"]["dropped"]
                print(f"{len(answered - ids)} answered and missing, {len(rows) - len(ids)} twice")
                print(recorded == sent == len(ids) == len(answered) and requests > \(rounds))
                print(f"{recorded} events, {requests} requests", file=open("summary", "w"))
                END
                kill $collector
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(
                result.output == "0 answered and missing, 0 twice\nTrue\n",
                "\(result.output)\n\(result.errors.suffix(2000))")
            let summary = (try? String(contentsOfFile: sandbox.home + "/summary", encoding: .utf8)) ?? "none"
            print("killed \(rounds) times: \(summary)")
        }
    }

    private static let chromium = ["/usr/bin/chromium", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "a browser without scripts shows every row and label, hostile ones as text",
        .enabled(if: chromium != nil, "needs chromium: make test-long installs it"), .timeLimit(.minutes(3)))
    func browser() async throws {
        let chromium = try #require(Self.chromium)
        try await Sandbox.run { sandbox async throws in
            let script = """
                set -e
                \(Sandbox.collect)
                collect --threshold 1
                url=$SLSTATS_COLLECTOR_URL
                python3 - "$url" << 'END'
                import json, sys, urllib.request
                names = ["deploy", "<script>document.title='x'</script>", "<b>bold</b>", "ends & begins"]
                events = [{"id": f"{name}{n}", "command": name, "outcome": "success", "frameworkLocalUserId": f"i{n}"}
                          for name in names for n in range(7)]
                request = urllib.request.Request(sys.argv[1], json.dumps(events).encode(), {"Content-Type": "application/json"})
                urllib.request.urlopen(request)
                END
                browse() {
                    timeout 60 \(chromium) --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" "$@" "$url" 2>> browser.log
                }
                browse --dump-dom > dom.html
                browse --window-size=1000,1400 --screenshot="$PWD/page.png" > /dev/null
                kill $collector
                python3 - << 'END'
                import struct, zlib
                from html.parser import HTMLParser
                class Page(HTMLParser):
                    stack, cells, titles, tags, title = [], [], [], set(), ""
                    def handle_starttag(self, tag, attributes):
                        self.tags.add(tag)
                        self.stack.append((tag, dict(attributes).get("class")))
                    def handle_endtag(self, tag):
                        while self.stack and self.stack.pop()[0] != tag: pass
                    def handle_data(self, text):
                        if ("td", "value") in self.stack[-1:]: self.cells.append(text)
                        if self.stack and self.stack[-1][0] == "h2": self.titles.append(text)
                        if self.stack and self.stack[-1][0] == "title": self.title = self.title or text
                page = Page()
                page.feed(open("dom.html").read())
                print(sorted(page.cells))
                print(page.titles)
                print(page.title, "script" in page.tags, "b" in page.tags)
                # The picture: both colours of a chart, and a page that is not blank.
                data = open("page.png", "rb").read()
                width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
                position, packed = 8, b""
                while position < len(data):
                    length, name = struct.unpack(">I4s", data[position:position + 8])
                    if name == b"IDAT": packed += data[position + 8:position + 8 + length]
                    position += 12 + length
                raw, step = zlib.decompress(packed), {2: 3, 6: 4}[kind]
                stride, previous, colours = width * step, bytearray(width * step), set()
                for row in range(height):
                    start = row * (stride + 1)
                    rule, line = raw[start], bytearray(raw[start + 1:start + 1 + stride])
                    for i in range(stride):
                        left = line[i - step] if i >= step else 0
                        up, corner = previous[i], previous[i - step] if i >= step else 0
                        if rule == 1: line[i] = (line[i] + left) & 255
                        elif rule == 2: line[i] = (line[i] + up) & 255
                        elif rule == 3: line[i] = (line[i] + (left + up) // 2) & 255
                        elif rule == 4:
                            estimate = left + up - corner
                            nearest = min((left, up, corner), key=lambda value: abs(estimate - value))
                            line[i] = (line[i] + nearest) & 255
                    colours |= {bytes(line[i:i + 3]) for i in range(0, stride, step)}
                    previous = line
                print(width, height, bytes.fromhex("4a7fb5") in colours, len(colours) > 20)
                END
                """
            let result = try await sandbox.run("bash", ["-c", script])
            #expect(
                result.output == """
                    ['<b>bold</b>', "<script>document.title='x'</script>", 'deploy', 'ends & begins', 'success']
                    ['Events per day', 'Programs', 'Versions', 'Commands', 'Providers', 'Runtimes', 'Outcomes']
                    slstats False False
                    1000 1400 True True

                    """, "\(result.output)\n\(result.errors)")
        }
    }
}
