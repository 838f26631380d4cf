// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// The ids that callers gave to their latest events, so that a retry records nothing twice.
///
/// A window and not a promise: what comes again after 16 384 other events is left to the collector, which drops it.
package struct RecentIDs: Sendable {
    package static let capacity = 16 << 10

    private var known: Set<EventID> = []
    /// In the order in which they came; from ``next`` on the oldest are replaced.
    private var order: [EventID] = []
    private var next = 0

    package init() {}

    package func contains(_ id: EventID) -> Bool { known.contains(id) }

    package mutating func insert(_ id: EventID) {
        guard known.insert(id).inserted else { return }
        guard order.count == Self.capacity else { return order.append(id) }
        known.remove(order[next])
        order[next] = id
        next = (next + 1) % Self.capacity
    }

    /// An event that could not be kept after all may come again.
    package mutating func remove(_ id: EventID) {
        known.remove(id)
        if order.count < Self.capacity, let index = order.lastIndex(of: id) { order.remove(at: index) }
    }

    package mutating func removeAll() { self = RecentIDs() }
}

extension Spool {
    /// Far more than a start should read.
    private static let maximumRecentBytes = 2 << 20

    /// The ids of the events that were recorded last, oldest first, from what is pending.
    package func recentIDs() -> RecentIDs {
        var pages: [[EventID]] = []
        var room = Self.maximumRecentBytes
        for bytes in newestContents where room > 0 && pages.reduce(0, { $0 + $1.count }) < RecentIDs.capacity {
            guard let bytes = bytes() else { continue }
            room -= bytes.count
            pages.append(SegmentContent(scanning: bytes).events.compactMap { Self.id(of: bytes[$0.json]) })
        }
        var ids = RecentIDs()
        for id in pages.reversed().joined() { ids.insert(id) }
        return ids
    }

    /// Ours stands first; a caller who sent the id inside the event may have put it anywhere.
    static func id(of event: ArraySlice<UInt8>) -> EventID? {
        let prefix = Array(#"{"id":""#.utf8)
        if event.starts(with: prefix), let id = EventID(utf8: event.dropFirst(prefix.count).prefix(36)) { return id }
        return (try? JSON(parsing: Array(event)))?["id"]?.string.flatMap { EventID($0) }
    }
}
