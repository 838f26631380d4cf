// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// What happened since the start, for Prometheus (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).
final class CollectorMetrics: Sendable {
    private struct State {
        var requests: [Int: Int] = [:]
        var events = 0
        var duplicates = 0
        var bytes = 0
        var expired = 0
        var seconds = 0.0
        var buckets = [Int](repeating: 0, count: CollectorMetrics.bounds.count)
    }

    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
    private let state = Mutex(State())

    func note(status: Int, took time: TimeAmount) {
        let seconds = Double(time.nanoseconds) / 1e9
        state.withLock { state in
            state.requests[status, default: 0] += 1
            state.seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { state.buckets[index] += 1 }
        }
    }

    func note(events: Int, new: Int, bytes: Int) {
        state.withLock { state in
            state.events += new
            state.duplicates += events - new
            state.bytes += bytes
        }
    }

    func note(expired: Int) { state.withLock { $0.expired += expired } }

    /// - Parameters:
    ///   - stored: rows in the database.
    ///   - databaseBytes: of its file.
    func text(stored: Int, databaseBytes: Int, inFlight: Int) -> String {
        let state = state.withLock(\.self)
        let total = state.requests.values.reduce(0, +)
        var lines: [String] = []
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            lines.append("# HELP slstats_collector_\(name) \(help)")
            lines.append("# TYPE slstats_collector_\(name) \(type)")
            for sample in samples { lines.append("slstats_collector_\(name)\(sample.labels) \(sample.value)") }
        }
        metric(
            "requests_total", "counter", "Requests by status.",
            state.requests.sorted { $0.key < $1.key }.map { ("{status=\"\($0.key)\"}", "\($0.value)") })
        metric("events_total", "counter", "Events that were new.", [("", "\(state.events)")])
        metric("duplicate_events_total", "counter", "Events that were there already.", [("", "\(state.duplicates)")])
        metric("received_bytes_total", "counter", "Bytes of bodies, after decompression.", [("", "\(state.bytes)")])
        metric("expired_events_total", "counter", "Events removed because of their age.", [("", "\(state.expired)")])
        metric("stored_events", "gauge", "Events in the database.", [("", "\(stored)")])
        metric("database_bytes", "gauge", "Size of the database.", [("", "\(databaseBytes)")])
        metric("requests_in_flight", "gauge", "Requests that are being stored.", [("", "\(inFlight)")])
        metric("request_seconds", "histogram", "Time to answer a request.", [])
        for (bound, count) in zip(Self.bounds, state.buckets) {
            lines.append("slstats_collector_request_seconds_bucket{le=\"\(bound)\"} \(count)")
        }
        lines.append("slstats_collector_request_seconds_bucket{le=\"+Inf\"} \(total)")
        lines.append("slstats_collector_request_seconds_sum \(state.seconds)")
        lines.append("slstats_collector_request_seconds_count \(total)")
        return lines.joined(separator: "\n") + "\n"
    }
}
