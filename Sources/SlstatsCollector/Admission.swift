// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import NIOCore
internal import Synchronization

/// Who may come in now: so many requests a minute of each address, and so many at the same time of all.
package final class Admission: Sendable {
    /// A bucket: full after a quiet minute, and one more whenever its part of the minute has passed.
    private struct Bucket {
        var level: Double
        var filledAt: NIODeadline
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        /// By address.
        var inFlight: [String: Int] = [:]
    }

    /// Beyond so many addresses the quiet ones are forgotten, and then all.
    private static let maximumAddresses = 20_000

    private let perMinute: Double
    private let maximumInFlight: Int
    private let state = Mutex(State())

    package init(requestsPerMinute: Int, maximumInFlight: Int) {
        perMinute = Double(requestsPerMinute)
        self.maximumInFlight = maximumInFlight
    }

    package var inFlight: Int { state.withLock { $0.inFlight.values.reduce(0, +) } }
    package var addressCount: Int { state.withLock(\.buckets.count) }

    /// - Returns: seconds after which it is worth while to come again; `nil` if it may come in.
    package func wait(for address: String, now: NIODeadline = .now()) -> Int? {
        state.withLock { state -> Int? in
            if state.buckets.count >= Self.maximumAddresses, state.buckets[address] == nil {
                state.buckets = state.buckets.filter { fill(of: $0.value, now) < perMinute }
                if state.buckets.count >= Self.maximumAddresses { state.buckets = [:] }
            }
            let bucket = state.buckets[address] ?? Bucket(level: perMinute, filledAt: now)
            let level = fill(of: bucket, now)
            guard level >= 1 else {
                state.buckets[address] = Bucket(level: level, filledAt: now)
                return max(1, Int(((1 - level) * 60 / perMinute).rounded(.up)))
            }
            state.buckets[address] = Bucket(level: level - 1, filledAt: now)
            return nil
        }
    }

    private func fill(of bucket: Bucket, _ now: NIODeadline) -> Double {
        let passed = Double((now - bucket.filledAt).nanoseconds) / 60e9
        return min(perMinute, bucket.level + max(0, passed) * perMinute)
    }

    /// - Returns: whether there is room, for all and for this address; then ``leave(_:)`` has to be called.
    package func enter(_ address: String) -> Bool {
        state.withLock { state in
            let own = state.inFlight[address, default: 0]
            guard state.inFlight.values.reduce(0, +) < maximumInFlight, own < max(1, maximumInFlight / 4) else {
                return false
            }
            state.inFlight[address] = own + 1
            return true
        }
    }

    package func leave(_ address: String) {
        state.withLock { state in
            let own = state.inFlight[address, default: 1] - 1
            state.inFlight[address] = own > 0 ? own : nil
        }
    }

    // MARK: - Addresses

    /// Who is limited together: an IPv4 address, or the first half of an IPv6 one, which is what one customer has.
    package static func sender(_ text: String) -> String {
        let address = withoutPort(text)
        var bytes = in6_addr()
        guard address.contains(":"), inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        let words = withUnsafeBytes(of: &bytes) { Array($0) }
        // ::ffff:192.0.2.1
        if words[..<12].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]) {
            return words[12...].map(String.init).joined(separator: ".")
        }
        return words[..<8].map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// Some proxies say `192.0.2.1:4711` or `[2001:db8::1]:4711`.
    private static func withoutPort(_ text: String) -> String {
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        return text.count { $0 == ":" } == 1 ? String(text.prefix { $0 != ":" }) : text
    }
}
