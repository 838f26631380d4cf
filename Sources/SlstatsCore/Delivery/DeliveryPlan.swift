// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The requests that one batch takes: one as a rule, halves and their halves where the collector refuses the whole, down
/// to the event that it does not take.
///
/// Nothing of it is on disk. Each half has a key of its own that follows from the batch's id, so that after a crash the
/// same halves come again under the same keys.
package struct DeliveryPlan: Sendable, Equatable {
    package struct Request: Sendable, Equatable {
        /// The batch's id, with a `.0` for each first half on the way and a `.1` for each second.
        package let key: BatchID
        /// Which events.
        package let range: Range<Int>
        /// Where they stood in the batch before some of it was dropped: the same key means the same place.
        fileprivate let places: Range<Int>
    }

    /// A collector that refuses this many requests of one batch for what is in them does not mean single events.
    private static let maximumRefusals = 64

    /// A request of so many bytes is written at once, and its answer can be read whatever the other side does.
    private static let bytesInFlight = 32 << 10

    private let sizes: [Int]
    private let positions: [Int]
    private var isolatesRefused: Bool
    /// The next one is the last.
    private var requests: [Request]
    private var refusals = 0
    private var cutOffs = 0
    /// A request of so many bytes is too large for the collector.
    package private(set) var refusedBytes: Int
    package private(set) var sent = 0
    /// So many that it does not take, but does not name.
    package private(set) var unnamedRejected = 0
    /// Events that it does not take, ascending.
    package private(set) var rejected: [Int] = []
    /// What it said to the last of them.
    package private(set) var rejectedStatus = 0

    /// - Parameters:
    ///   - sizes: the bytes of each event.
    ///   - places: where each stood in the batch, ascending, and how many there were, if some of it was dropped.
    ///   - refusedBytes: what was learnt from other batches.
    ///   - isolatesRefused: look for the event for which a request is refused.
    package init(
        batch: BatchID, sizes: [Int], places: BatchBody.Places? = nil, refusedBytes: Int = .max,
        isolatesRefused: Bool = true
    ) {
        self.sizes = sizes
        let places = places ?? BatchBody.Places(positions: Array(sizes.indices), count: sizes.count)
        positions = places.positions
        self.isolatesRefused = isolatesRefused
        self.refusedBytes = refusedBytes
        requests = sizes.isEmpty ? [] : [Request(key: batch, range: sizes.indices, places: 0..<places.count)]
        splitWhatIsTooLarge()
    }

    /// Of a body with another number of events it says nothing.
    package var eventCount: Int { sizes.count }

    /// The fate of some events is known.
    package var hasBegun: Bool { sent > 0 || unnamedRejected > 0 || !rejected.isEmpty }

    /// `nil` when the fate of every event is known.
    package var next: Request? { requests.last }

    /// What the one before has said of sizes says nothing of this one.
    package mutating func collectorChanged(isolatesRefused: Bool) {
        refusedBytes = .max
        self.isolatesRefused = isolatesRefused
    }

    package mutating func finished(_ outcome: DeliveryOutcome) {
        guard let request = requests.last else { return }
        switch outcome {
        case .delivered:
            requests.removeLast()
            sent += request.range.count
        case .partlyDelivered(_, _, let rejected, _):
            requests.removeLast()
            let rejected = min(rejected, request.range.count)
            unnamedRejected += rejected
            sent += request.range.count - rejected
        case .rejected(let status):
            refusals += 1
            let isTooLarge = status == DeliveryOutcome.contentTooLarge
            if isTooLarge { refusedBytes = min(refusedBytes, bytes(request.range)) }
            let isGivenUp = !isolatesRefused || refusals > Self.maximumRefusals
            if request.range.count == 1 || !isTooLarge && isGivenUp {
                requests.removeLast()
                rejected += request.range
                rejectedStatus = status
            } else {
                split()
            }
        case .cutOff:
            cutOffs += 1
            // Perhaps it said 413, and we could not hear it: halves, until they fit into what a connection holds unread.
            guard cutOffs.isMultiple(of: 2), request.range.count > 1, bytes(request.range) > Self.bytesInFlight
            else { return }
            split()
        case .retryLater, .stop, .cancelled:
            return
        }
        splitWhatIsTooLarge()
    }

    /// Nobody is asked twice about a size.
    private mutating func splitWhatIsTooLarge() {
        while let request = requests.last, request.range.count > 1, bytes(request.range) >= refusedBytes { split() }
    }

    private mutating func split() {
        guard let request = requests.popLast() else { return }
        let others = requests.count
        let middle = request.places.lowerBound + request.places.count / 2
        append(request.key.half(1), middle..<request.places.upperBound)
        append(request.key.half(0), request.places.lowerBound..<middle)
        // The same events once more would be no half.
        if requests.count == others + 1, requests.last?.range == request.range { split() }
    }

    /// Of a half that was dropped as a whole there is no request.
    private mutating func append(_ key: BatchID, _ places: Range<Int>) {
        let first = positions.firstIndex { $0 >= places.lowerBound } ?? positions.endIndex
        let end = positions.firstIndex { $0 >= places.upperBound } ?? positions.endIndex
        if first < end { requests.append(Request(key: key, range: first..<end, places: places)) }
    }

    /// As a JSON array.
    private func bytes(_ range: Range<Int>) -> Int { sizes[range].reduce(1) { $0 + $1 + 1 } }
}
