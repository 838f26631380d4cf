// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Random payloads with identities in every place and encoding, through the real daemon into a real collector. Python
/// encodes and searches, so that what we know of encodings is not what judges it.
@Suite("No identity of an event leaves its caller")
struct IdentityCanaryTests {
    private static let login = "zorbalinä"
    private static let variables = [
        "USER": login, "DEPLOY_TOKEN": "q7Xw-Trommelwirbel-91", "SLSTATS_CATALOGUE_FILE": "/acme.json",
        "SLSTATS_FLUSH_EVENTS": "1000000", "SLSTATS_TIMEOUT": "60",
    ]

    /// Fields that take what they are given, beside ours, which mostly do not.
    private static let catalogue = #"""
        {"product": "acme", "fields": [
          {"path": "acme.text", "type": "string", "pattern": "text", "maxBytes": 4096, "purpose": "w", "example": "a"},
          {"path": "acme.texts[].line", "type": "string", "pattern": "text", "maxBytes": 4096, "purpose": "w", "example": "a"},
          {"path": "acme.word", "type": "string", "pattern": "word", "purpose": "w", "example": "a"}]}
        """#

    private static let script = #"""
        set -eu
        \#(Sandbox.collect)
        printf '[user]\n\tname = Quendolin Marabou\n\temail = q.marabou@vogelhaus.example\n' > .gitconfig
        collect
        export SLSTATS_CATALOGUE_FILE="$HOME/acme.json"
        slstatsd --log-level trace > daemon.log 2>&1 &
        daemon=$!
        until [ -S "$XDG_RUNTIME_DIR/slstats/slstatsd.sock" ]; do :; done
        slstats schema --json > schema.json
        python3 check.py send
        slstats flush --timeout 60
        slstats status --json | grep -E '"(identity|sent|pending)":' | tr -d ' ,'
        python3 check.py search
        kill $daemon $collector
        """#

    private static let program = #"""
        import base64, json, os, random, socket, sqlite3, sys, unicodedata, urllib.parse
        home = os.environ["HOME"]
        canaries = [os.environ["USER"], "Quendolin Marabou", "Marabou", "q.marabou@vogelhaus.example",
                    os.environ["DEPLOY_TOKEN"], home, socket.gethostname()]
        canaries = [c for c in canaries if len(c) >= 5]

        def flip(text): return "".join(random.choice((c.upper(), c.lower())) for c in text)
        def percent(text): return "".join("%%%02X" % b for b in text.encode())
        def some_percent(text): return urllib.parse.quote(text, safe="")
        def b64(text):
            before = "x" * random.randrange(4)
            return base64.b64encode((before + text + "y" * random.randrange(4)).encode()).decode()
        def b64url(text): return b64(text).replace("+", "-").replace("/", "_")
        encodings = [str, str.upper, str.lower, flip, lambda t: unicodedata.normalize("NFD", t), percent, some_percent,
                     b64, b64url, lambda t: t.encode().hex(), lambda t: t.encode().hex().upper()]

        def escaped(value):
            "JSON with any character of any string as an escape, or not."
            if isinstance(value, str):
                units = value.encode("utf-16-be")
                out = ""
                for i in range(0, len(units), 2):
                    n = units[i] << 8 | units[i + 1]
                    plain = 0x20 <= n < 0x7f and chr(n) not in '"\\'
                    out += chr(n) if plain and random.random() < .7 else "\\u%04x" % n
                return '"' + out + '"'
            if isinstance(value, list): return "[" + ",".join(map(escaped, value)) + "]"
            if isinstance(value, dict): return "{" + ",".join(escaped(k) + ":" + escaped(v) for k, v in value.items()) + "}"
            return json.dumps(value)

        def place(event, path, value):
            "Puts a value where a path of the catalogue leads."
            names = path.split(".")
            for i, name in enumerate(names):
                last = i == len(names) - 1
                if name.endswith("[]"):
                    array = event.setdefault(name[:-2], [])
                    if last: array.append(value); return
                    if not array: array.append({})
                    event = array[0]
                elif last: event[name] = value
                else: event = event.setdefault(name, {})

        stacks = ["{h}/a/serverless/lib/x.js:1:2^/opt/other/{c}/serverless/lib/y.js:3:4", "file://{h}/{c}/m.mjs:1:1",
                  "../{c}/serverless/lib/z.js:1:1", "{h}/node_modules/@corp/{c}/i.js:1:1^node:internal/x:2:2",
                  "C:\\Users\\{c}\\serverless\\lib\\x.js:5:5", "serverless/lib/{c}/x.js:1:1"]

        def send():
            random.seed(int.from_bytes(os.urandom(4), "big"))
            paths = [f["field"] for f in json.load(open("schema.json"))["fields"]]
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(os.environ["XDG_RUNTIME_DIR"] + "/slstats/slstatsd.sock")
            answers = connection.makefile("rb")
            outcomes = {"recorded": 0, "refused": 0}
            for number in range(3000):
                event = {}
                canary = random.choice(canaries)
                hidden = random.choice(encodings)(canary)
                around = random.choice(["{}", " {} ", "a-{}.b", "by {}, again", "/srv/{}/x", "({})", "x={}&y", '"{}"'])
                text = around.format(hidden)
                kind = random.randrange(4)
                if kind == 0: place(event, random.choice(["acme.text", "acme.texts[].line", "acme.word"]), text)
                elif kind == 1: place(event, random.choice(paths), text)
                elif kind == 2: place(event, "failureReason.location", random.choice(stacks).format(h=home, c=canary))
                else: place(event, random.choice(paths) + random.choice(["", "x", ".x"]), random.choice([text, [text], {text: text}]))
                if random.random() < .5: place(event, "command", "info")
                line = '{"jsonrpc":"2.0","id":1,"method":"record","params":{"event":' + escaped(event) + "}}\n"
                connection.sendall(line.encode())
                answer = json.loads(answers.readline())
                outcomes["recorded" if "result" in answer else "refused"] += 1
            print("both" if min(outcomes.values()) > 100 else outcomes)

        def forms(canary):
            yield canary.encode().hex().encode()
            yield percent(canary).lower().encode()
            for form in ("NFC", "NFD"): yield unicodedata.normalize(form, canary).lower().encode()
            yield json.dumps(canary)[1:-1].lower().encode()

        def cores(canary):
            "What base64 of it is, whatever stands before and behind."
            data = canary.encode()
            for shift in range(3):
                text = base64.b64encode(b"x" * shift + data).decode()
                yield text[(shift * 8 + 5) // 6:(shift + len(data)) * 8 // 6].encode()

        def search():
            found = []
            for folder, _, names in os.walk(home):
                for name in names:
                    path = os.path.join(folder, name)
                    if name in ("check.py", ".gitconfig", "schema.json", "acme.json") or not os.path.isfile(path): continue
                    data = open(path, "rb").read()
                    # Our own log and the collector's say where they run.
                    logs = name in ("daemon.log", "collector.log")
                    for canary in canaries:
                        if canary == home and logs: continue
                        if any(f in data.lower() for f in forms(canary)) or any(c in data for c in cores(canary)):
                            found.append((path, canary))
            print("nothing" if not found else found[:3])
            database = sqlite3.connect("data/events.sqlite")
            rows = sum(len(r[0]) > 0 for r in database.execute("SELECT body FROM event"))
            print("in the collector" if rows > 100 else rows)

        {"send": send, "search": search}[sys.argv[1]]()
        """#

    @Test(
        "three thousand payloads: nothing in the spool, the ledger, a log, an HTTP body or the collector [F163, F164]"
    )
    func canaries() async throws {
        try await Sandbox.run(Self.variables) { sandbox async throws in
            try Data(Self.program.utf8).write(to: URL(filePath: sandbox.home + "/check.py"))
            try Data(Self.catalogue.utf8).write(to: URL(filePath: sandbox.home + "/acme.json"))

            let result = try await sandbox.run("bash", ["-c", Self.script])

            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines.first == "both", "\(result.errors)")
            #expect(lines.contains("nothing") && lines.contains("in the collector"), "\(result.output)")
            #expect(lines.contains("\"pending\":0"), "\(result.output)")
            let identities = lines.first { $0.hasPrefix("\"identity\"") }?.split(separator: ":").last.flatMap {
                Int($0)
            }
            #expect(identities ?? 0 > 300, "\(result.output)")
        }
    }
}
