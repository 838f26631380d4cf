// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import Testing

@Suite("So many an hour")
struct RateLimitTests {
    private func taken(_ limit: inout RateLimit, _ count: Int, at now: Int64) -> Int {
        (0..<count).count { _ in limit.take(now: now) }
    }

    @Test("all at once, then one each part of an hour, and never more than the hour's")
    func bucket() {
        var limit = RateLimit(perHour: 60, now: 0)

        #expect(taken(&limit, 100, at: 0) == 60)
        #expect(taken(&limit, 100, at: 59_999) == 0)
        #expect(taken(&limit, 100, at: 60_000) == 1)
        #expect(taken(&limit, 100, at: 60_000 + 10 * 60_000) == 10)
        #expect(taken(&limit, 100, at: 100 * 3_600_000) == 60)
    }

    @Test("an exit and a start leave what was left, and what the time between has brought")
    func saved() {
        var limit = RateLimit(perHour: 60, now: 0)
        _ = taken(&limit, 50, at: 0)
        var next = RateLimit(limit.saved, perHour: 60, passed: 5 * 60_000, now: 9)!
        #expect(taken(&next, 100, at: 9) == 15)
        var later = RateLimit(limit.saved, perHour: 60, passed: .max, now: 9)!
        #expect(taken(&later, 100, at: 9) == 60)
        #expect(RateLimit(limit.saved, perHour: 61, passed: 0, now: 0) == nil)
        #expect(RateLimit(["perHour": 60, "level": JSON(Int64.max)], perHour: 60, passed: 1, now: 0) == nil)
        for nothing in [nil, [:], ["perHour": 60, "level": -1], ["perHour": 60, "level": "1"]] as [JSON?] {
            #expect(RateLimit(nothing, perHour: 60, passed: 0, now: 0) == nil)
        }
    }

    // MARK: - Programs

    @Test("nobody is looked up while all together stay below the limit of one; then each has its own")
    func senders() {
        var limits = SenderLimits(perHour: 10, now: 0)
        for _ in 0..<10 {
            #expect(
                limits.take(now: 0) {
                    Issue.record("looked up")
                    return ""
                } == nil)
        }
        for _ in 0..<10 { #expect(limits.take(now: 0) { "/bin/loop" } == nil) }
        for _ in 0..<99 { #expect(limits.take(now: 0) { "/bin/loop" } == "/bin/loop") }
        for _ in 0..<10 { #expect(limits.take(now: 0) { "/bin/tool" } == nil, "others are not pushed out") }
        // A tenth of an hour brings one to all of them, and to each.
        #expect(limits.take(now: 360_000) { "/bin/loop" } == nil)
        #expect(limits.take(now: 360_000) { "/bin/loop" } == nil)
        #expect(limits.take(now: 360_000) { "/bin/loop" } == "/bin/loop")
    }

    @Test("who makes up programs without end has one limit for all of them, and takes no memory")
    func manySenders() {
        var limits = SenderLimits(perHour: 1, now: 0)
        #expect(limits.take(now: 0) { "" } == nil)
        let taken = (0..<10_000).count { number in limits.take(now: 0) { "/tmp/\(number)" } == nil }
        #expect(taken == 257)
        #expect(limits.take(now: 3_600_000) { "/bin/x" } == nil)
        #expect(limits.take(now: 3_600_000) { "/bin/x" } == nil, "after a quiet hour there is room again")
    }

    @Test("what was taken for nothing can be given back, up to the hour's")
    func givenBack() {
        var limit = RateLimit(perHour: 2, now: 0)
        #expect(taken(&limit, 3, at: 0) == 2)
        limit.giveBack(1)
        #expect(taken(&limit, 3, at: 0) == 1)
        limit.giveBack(9)
        #expect(taken(&limit, 3, at: 0) == 2)
    }

    @Test("none at all, and a clock that stands still or goes back")
    func ends() {
        var none = RateLimit(perHour: 0, now: 0)
        #expect(taken(&none, 10, at: 1_000_000_000) == 0)
        var limit = RateLimit(perHour: 1, now: 5000)
        #expect(taken(&limit, 2, at: 1000) == 1)
        #expect(taken(&limit, 1, at: 1000) == 0)
    }

    @Test("over any length of time no more than the rate, whatever the moments", arguments: [1, 7, 600, 1_000_000])
    func rate(_ perHour: Int) {
        let random = RandomSource.seeded(UInt64(perHour))
        var limit = RateLimit(perHour: perHour, now: 0)
        var (now, count): (Int64, Int) = (0, 0)
        for _ in 0..<5000 {
            now += Int64(random.next() % 10_000)
            count += taken(&limit, 3, at: now)
        }
        #expect(Int64(count) <= Int64(perHour) + now * Int64(perHour) / 3_600_000 + 1)
    }
}
