// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Testing

@Suite("The rules of delivery")
struct DeliveryRulesTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    private static let november = Int64(784_111_777)

    @Test(
        "Retry-After in seconds and in every form of a date, within a second and a day [F132]",
        arguments: [
            ("0", 1), ("1", 1), ("120", 120), ("86400", 86_400), ("86401", 86_400), ("99999999999999999999999", 86_400),
            ("Sun, 06 Nov 1994 08:51:37 GMT", 120), ("Sunday, 06-Nov-94 08:51:37 GMT", 86_400),
            ("Sun Nov  6 08:51:37 1994", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 1),
            ("Sun, 06 Nov 1990 08:49:37 GMT", 1), ("Sun, 06 Nov 2094 08:49:37 GMT", 86_400), ("-1", nil), ("1.5", nil),
            ("", nil), ("soon", nil), ("Sun, 06 Nov 1994 08:51:37", nil), ("Sun, 32 Nov 1994 08:51:37 GMT", nil),
            ("Sun, 06 Nov 1994 25:51:37 GMT", nil), ("Sun, 06 Foo 1994 08:51:37 GMT", nil), ("1e3", nil),
        ] as [(String, Int?)])
    func retryAfter(_ text: String, _ seconds: Int?) {
        #expect(RetryAfter.delay(text, now: Self.november) == seconds.map { .seconds($0) })
    }

    @Test(
        "what a collector's URL may be",
        arguments: [
            ("http://localhost:8686/", "localhost", 8686), ("https://Example.ORG", "example.org", 443),
            ("http://example.org/a?b=c#d", "example.org", 80), ("https://[::1]:8443/x", "::1", 8443),
            ("http://[2001:db8::1]/", "2001:db8::1", 80), ("HTTP://x/", "x", 80),
        ] as [(String, String, Int)])
    func url(_ text: String, _ host: String, _ port: Int) {
        let url = CollectorURL(text)
        #expect(url?.host == host)
        #expect(url?.port == port)
        #expect(url?.description == text)
    }

    @Test(
        "what a collector's URL may not be [F138]",
        arguments: [
            "", "x", "file:///x", "ftp://x/", "http://", "http:///x", "http://u:p@x/", "http://x:0/", "http://x:99999/",
            "http://x:a/", "http://a b/", "http://x/\n", "http://::1/", "http://[::1/", "http://[::1]x/", "//x/",
        ])
    func badURL(_ text: String) {
        #expect(CollectorURL(text) == nil)
    }

    @Test(
        "a Location is followed on the same server only [F125]",
        arguments: [
            ("/b", true), ("https://x.org/b", true), ("https://X.org:443/b", true), ("http://x.org/b", false),
            ("https://x.org:8443/b", false), ("https://y.org/", false), ("//y.org/", false), ("b", false),
            ("https://x.org@y.org/", false), ("", false),
        ])
    func location(_ text: String, _ isFollowed: Bool) throws {
        let url = try #require(CollectorURL("https://x.org/a"))
        #expect((url.resolving(text)?.hasSameOrigin(as: url) ?? false) == isFollowed)
    }

    struct ProxyCase: Sendable, CustomTestStringConvertible {
        let url: String
        let variables: [String: String]
        let proxy: String?
        var testDescription: String { "\(url) \(variables)" }

        init(_ url: String, _ variables: [String: String], _ proxy: String?) {
            self.url = url
            self.variables = variables
            self.proxy = proxy
        }
    }

    @Test(
        "proxies and their exceptions, by name, address and range [F141]",
        arguments: [
            ProxyCase("https://x.org/", [:], nil),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "http://p:3128"], "p:3128"),
            ProxyCase("https://x.org/", ["https_proxy": "p:3128"], "p:3128"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "http://p"], "p:80"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "http://u%40d:p%3aw@p:1/"], "p:1 u@d p:w"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "http://[::2]:1"], "::2:1"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": ""], nil),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "socks5://p:1"], nil),
            ProxyCase("https://x.org/", ["HTTP_PROXY": "http://p:1"], nil),
            ProxyCase("http://x.org/", ["HTTP_PROXY": "http://p:1"], "p:1"),
            ProxyCase("http://localhost:8686/", ["HTTP_PROXY": "http://p:1"], nil),
            ProxyCase("http://127.0.0.1:8686/", ["HTTP_PROXY": "http://p:1"], nil),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "*"], nil),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "x.org"], nil),
            ProxyCase("https://a.x.org/", ["HTTPS_PROXY": "p:1", "no_proxy": "y.org, .x.org"], nil),
            ProxyCase("https://a.x.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "*.x.org"], nil),
            ProxyCase("https://ax.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "x.org"], "p:1"),
            ProxyCase("https://x.org:8443/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "x.org:443"], "p:1"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "x.org:443"], nil),
            ProxyCase("https://10.1.2.3/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"], nil),
            ProxyCase("https://11.1.2.3/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"], "p:1"),
            ProxyCase("https://10.1.2.3/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.1.2.3"], nil),
            ProxyCase("https://192.168.5.130/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "192.168.5.128/25"], nil),
            ProxyCase("https://192.168.5.127/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "192.168.5.128/25"], "p:1"),
            ProxyCase("https://[fd00::1]/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "fd00::/8"], nil),
            ProxyCase("https://[fe80::1]/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "fd00::/8"], "p:1"),
            ProxyCase("https://x.org/", ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/33,/,:,[,0.0.0.0/0"], "p:1"),
        ])
    func proxy(_ example: ProxyCase) throws {
        let url = try #require(CollectorURL(example.url))
        let proxy = ProxySettings(for: url) { example.variables[$0] }
        let text = proxy.map {
            "\($0.host):\($0.port)" + ($0.user.map { " \($0)" } ?? "") + ($0.password.map { " \($0)" } ?? "")
        }
        #expect(text == example.proxy)
    }

    // MARK: - Halving

    /// Runs a plan against a collector that refuses some events, and larger requests.
    private func run(
        _ sizes: [Int], poison: Set<Int>, limit: Int = .max, refused: Int = .max
    ) -> (plan: DeliveryPlan, sent: [Int], requests: Int) {
        var plan = DeliveryPlan(batch: BatchID(number: 11, epoch: 12), sizes: sizes, refusedBytes: refused)
        var sent: [Int] = []
        var requests = 0
        var keys: Set<BatchID> = []
        while let request = plan.next {
            requests += 1
            #expect(keys.insert(request.key).inserted)
            if sizes[request.range].reduce(1, { $0 + $1 + 1 }) > limit {
                plan.finished(.rejected(status: 413))
            } else if !poison.isDisjoint(with: request.range) {
                plan.finished(.rejected(status: 422))
            } else {
                sent += request.range
                plan.finished(.delivered(answer: []))
            }
        }
        return (plan, sent, requests)
    }

    @Test("whatever is refused, every other event is sent once, in order [F129]")
    func halving() {
        var random = RandomNumberGenerator64(seed: .random(in: 0...UInt64.max))
        for _ in 0..<500 {
            let count = Int.random(in: 1...200, using: &random)
            let poison = Set(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0..<count, using: &random) })
            let result = run(Array(repeating: 100, count: count), poison: poison)
            #expect(result.sent == (0..<count).filter { !poison.contains($0) }, "seed \(random.seed)")
            #expect(Set(result.plan.rejected) == poison, "seed \(random.seed)")
            #expect(result.plan.sent + result.plan.rejected.count == count)
            #expect(result.requests <= 1 + 18 * poison.count)
        }
    }

    @Test("a collector that refuses everything is not asked for every event")
    func allRefused() {
        let result = run(Array(repeating: 100, count: 4000), poison: Set(0..<4000))

        #expect(result.plan.rejected.count == 4000)
        #expect(result.requests < 200)
    }

    @Test("sizes are learnt: from then on nothing larger is tried [F130]", arguments: [500, 3000, 100_000])
    func sizes(limit: Int) {
        var random = RandomNumberGenerator64(seed: .random(in: 0...UInt64.max))
        let sizes = (0..<300).map { _ in Int.random(in: 50...1000, using: &random) }
        let result = run(sizes, poison: [], limit: limit)
        let tooLarge = sizes.indices.filter { sizes[$0] + 2 > limit }
        #expect(result.plan.rejected == tooLarge)
        #expect(result.sent == sizes.indices.filter { !tooLarge.contains($0) })
        let again = run(sizes, poison: [], limit: limit, refused: result.plan.refusedBytes)
        #expect(again.requests <= result.requests)
    }

    @Test(
        "a connection that ends in the middle of a large request, twice, is tried with halves of 32 KiB at least [F130]"
    )
    func cutOff() {
        var plan = DeliveryPlan(batch: BatchID(number: 11, epoch: 12), sizes: Array(repeating: 1000, count: 100))
        var counts: [Int] = []
        for _ in 0..<12 {
            counts.append(plan.next?.range.count ?? 0)
            plan.finished(.cutOff(reason: "reset"))
        }
        #expect(counts == [100, 100, 50, 50] + Array(repeating: 25, count: 8))
        #expect(plan.sent == 0 && plan.rejected.isEmpty)

        plan.finished(.delivered(answer: []))
        #expect(plan.sent == 25 && plan.next?.range == 25..<50)
    }

    @Test("a part of a batch has the same key whatever was dropped of the batch between two attempts")
    func keysAfterDropping() {
        var random = RandomNumberGenerator64(seed: .random(in: 0...UInt64.max))
        func parts(_ dropped: Set<Int>, _ poison: Set<Int>) -> [BatchID: Set<Int>] {
            let bytes = Array((0..<40).map { #"{"n":\#($0)}"# }.joined().utf8)
            var ranges: [Range<Int>] = []
            for n in 0..<40 {
                ranges.append(ranges.last.map { $0.upperBound..<$0.upperBound + (n > 9 ? 8 : 7) } ?? 0..<7)
            }
            let body = BatchBody(id: BatchID(number: 1, epoch: 2), bytes: bytes, events: ranges, dropped: dropped)
            let left = (0..<40).filter { !dropped.contains($0) }
            #expect(body.eventCount == left.count)
            var plan = DeliveryPlan(batch: body.id, sizes: body.sizes, places: body.places)
            var parts: [BatchID: Set<Int>] = [:]
            while let request = plan.next {
                let events = Set(left[request.range])
                #expect(parts.updateValue(events, forKey: request.key) == nil)
                plan.finished(poison.isDisjoint(with: events) ? .delivered(answer: []) : .rejected(status: 400))
            }
            #expect(plan.sent + plan.rejected.count == left.count)
            return parts
        }
        for _ in 0..<200 {
            func some(_ count: Int) -> Set<Int> {
                Set((0..<count).map { _ in Int.random(in: 0..<40, using: &random) })
            }
            let (dropped, poison) = (some(10), some(2))
            let whole = parts([], poison)
            for (key, events) in parts(dropped, poison) {
                // A key that both use is never for an event that the other had elsewhere.
                if let before = whole[key] { #expect(events.isSubset(of: before), "seed \(random.seed)") }
            }
        }
    }

    @Test("of sizes that one collector refuses another is not told")
    func otherCollector() {
        var plan = DeliveryPlan(batch: BatchID(number: 11, epoch: 12), sizes: [100, 100])
        plan.finished(.rejected(status: 413))
        #expect(plan.refusedBytes == 203)
        plan.collectorChanged(isolatesRefused: false)
        #expect(plan.refusedBytes == .max)
        plan.finished(.rejected(status: 400))
        #expect(plan.rejected == [0])
    }

    @Test("while the collector is away the plan stays where it is")
    func away() {
        var plan = DeliveryPlan(batch: BatchID(number: 11, epoch: 12), sizes: [1, 1, 1, 1])
        plan.finished(.rejected(status: 400))
        plan.finished(.delivered(answer: []))
        let before = plan
        for outcome in [DeliveryOutcome.retryLater(delay: nil, reason: "x"), .stop(reason: "x"), .cancelled] {
            plan.finished(outcome)
            #expect(plan == before)
        }
        #expect(plan.next?.key == BatchID(number: 11, epoch: 12).half(1))
    }
}

/// SplitMix64 that remembers its seed.
struct RandomNumberGenerator64: RandomNumberGenerator {
    let seed: UInt64
    private var source: RandomSource

    init(seed: UInt64) {
        self.seed = seed
        source = .seeded(seed)
    }

    mutating func next() -> UInt64 { source.next() }
}
