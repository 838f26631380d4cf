// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The body of a request: a JSON array of events, each an object with a string `id`.
package struct EventBatch: Sendable, Equatable {
    package struct Event: Sendable, Equatable {
        package let id: String
        /// Unix milliseconds; 0 where the sender gave none.
        package let timestamp: Int64
        /// What the page counts, by ``EventColumn``; `nil` where the sender gave none.
        package let columns: [String?]
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
            // SQLite would end it at a NUL, and several would be one.
            guard id.utf8.allSatisfy({ $0 >= 0x20 }) else {
                throw EventBatchError("element \(index) has an id with control characters")
            }
            events.append(
                Event(
                    id: id, timestamp: json["timestamp"]?.integer ?? 0,
                    columns: EventColumn.allCases.map { $0.value(in: json) },
                    body: String(decoding: element, as: UTF8.self)))
        }
        self.events = events
    }
}

/// What is looked at often enough to have a column of its own; the names are those of the table.
package enum EventColumn: String, CaseIterable, Sendable {
    case installation, cli, version, command, provider, runtime, outcome

    /// Where it stands in an event.
    package var path: [String] {
        switch self {
        case .installation: ["frameworkLocalUserId"]
        case .cli: ["cliName"]
        case .version: ["versions", "serverless"]
        case .command: ["command"]
        case .provider: ["config", "provider", "name"]
        case .runtime: ["config", "provider", "runtime"]
        case .outcome: ["outcome"]
        }
    }

    /// Without what SQLite would end it at, and no longer than anybody would read.
    func value(in event: JSON) -> String? {
        var value: JSON? = event
        for name in path { value = value?[name] }
        return value?.string.map { String($0.replacing("\u{0}", with: "").prefix(256)) }
    }
}

/// Why a body is no batch; nothing of it was kept.
package struct EventBatchError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
