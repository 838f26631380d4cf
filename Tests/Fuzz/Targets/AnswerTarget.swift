// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage

/// What a collector answers: two bytes of status, a line of `Retry-After`, and the body.
func readAnswer(_ bytes: [UInt8]) {
    let status = bytes.prefix(2).reduce(0) { $0 << 8 | Int($1) } % 700
    let rest = bytes.dropFirst(2)
    let line = rest.prefix { $0 != 0x0a }
    let body = Array(rest.dropFirst(line.count + 1))
    let delay = RetryAfter.delay(String(decoding: line, as: UTF8.self), now: 1_700_000_000)
    if let delay { demand(.seconds(1)...Duration.seconds(24 * 3600) ~= delay, "waits \(delay)") }

    for outcome in [
        DeliveryOutcome(status: status, answer: body, retryAfter: delay),
        DeliveryOutcome(otlpStatus: status, answer: body, retryAfter: delay),
    ] {
        demand(outcome.isDelivered == (200..<300 ~= status), "\(status) taken for \(outcome.summary)")
        var plan = DeliveryPlan(batch: BatchID(number: 1, epoch: 2), sizes: [10, 20, 30])
        for _ in 0..<200 {
            guard let request = plan.next else { break }
            demand(request.range.upperBound <= 3 && !request.range.isEmpty, "a request of nothing")
            plan.finished(outcome)
        }
        demand(plan.sent + plan.unnamedRejected + plan.rejected.count <= 3, "more than there are")
        demand(plan.next != nil || plan.sent + plan.unnamedRejected + plan.rejected.count == 3, "some without a fate")
    }
    if 200..<300 ~= status {
        let files = InMemoryFileSystem()
        var cache = NotificationCache(state: "/state", files: files)
        let isNew = try? cache.update(fromAnswer: body)
        demand(isNew == (cache.list != NotificationList()), "kept, or not, and it says otherwise")
        demand((try? cache.update(fromAnswer: body)) == false, "new a second time")
        demand(NotificationCache(state: "/state", files: files).list == cache.list, "another list after a restart")
    }
}
