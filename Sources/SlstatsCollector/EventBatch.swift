// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The body of a request: a JSON array of events, each an object with a string `id`.
package struct EventBatch: Sendable, Equatable {
    package struct Event: Sendable, Equatable {
        package let id: String
        /// Unix milliseconds; 0 where the sender gave none.
        package let timestamp: Int64
        /// The event's own bytes.
        package let body: String
    }

    package let events: [Event]

    /// All or nothing: a batch with one bad event is refused, and the sender finds out which it is.
    package init(parsing body: [UInt8]) throws(EventBatchError) {
        let elements: [[UInt8]]
        let isArray: Bool
        do throws(JSONError) {
            isArray = try JSON(parsing: body).array != nil
            elements = try JSONCursor.rawElements(at: [], in: body)
        } catch {
            throw EventBatchError("the body is not JSON: \(error)")
        }
        guard isArray else { throw EventBatchError("the body is not a JSON array") }
        var events: [Event] = []
        for (index, element) in elements.enumerated() {
            guard let json = try? JSON(parsing: element), json.object != nil else {
                throw EventBatchError("element \(index) is not an object")
            }
            guard let id = json["id"]?.string, !id.isEmpty else {
                throw EventBatchError("element \(index) has no id")
            }
            events.append(
                Event(
                    id: id, timestamp: json["timestamp"]?.integer ?? 0, body: String(decoding: element, as: UTF8.self)))
        }
        self.events = events
    }
}

/// Why a body is no batch; nothing of it was kept.
package struct EventBatchError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
