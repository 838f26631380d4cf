// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import OrderedJSON

/// The body of a request: a JSON array of events, each an object with a string `id`.
package struct EventBatch: Sendable, Equatable {
    /// Ours have some 5000 at most; a small body in gzip could have millions.
    package static let maximumEvents = 20_000

    package struct Event: Sendable, Equatable {
        package let id: String
        /// Unix milliseconds; 0 where the sender gave none.
        package let timestamp: Int64
        /// A number for the random id of the installation: telling them apart is all it is for.
        package let installation: Int64?
        /// What the page counts, by ``EventColumn``; `nil` where the sender gave none.
        package let columns: [String?]
        /// The event's own bytes.
        package let body: String
    }

    package private(set) var events: [Event] = []

    /// All or nothing: a batch with one bad event is refused, and the sender finds out which it is.
    package init(parsing body: [UInt8]) throws(EventBatchError) {
        var problem: EventBatchError?
        do throws(JSONError) {
            var cursor = JSONCursor(body.span)
            cursor.skipWhitespace()
            if cursor.current == UInt8(ascii: "[") {
                var array = try cursor.enterArray()
                while try cursor.nextElement(in: &array) {
                    let element = cursor.copyBytes(try cursor.scanValue().range)
                    // The rest is looked at as well: what is no JSON is told before what is no event.
                    guard problem == nil else { continue }
                    do throws(EventBatchError) { try append(element) } catch { problem = error }
                }
                try cursor.expectEnd()
            } else {
                _ = try cursor.scanDocument()
                problem = EventBatchError("the body is not a JSON array")
            }
        } catch {
            throw EventBatchError("the body is not JSON: \(error)")
        }
        if let problem { throw problem }
    }

    private mutating func append(_ element: [UInt8]) throws(EventBatchError) {
        let index = events.count
        guard index < Self.maximumEvents else {
            throw EventBatchError("the body has more than \(Self.maximumEvents) events", isTooLarge: true)
        }
        guard let json = try? JSON(parsing: element), json.object != nil else {
            throw EventBatchError("element \(index) is not an object")
        }
        guard let id = json["id"]?.string, !id.isEmpty else { throw EventBatchError("element \(index) has no id") }
        // SQLite would end it at a NUL, and several would be one.
        guard id.utf8.allSatisfy({ $0 >= 0x20 }) else {
            throw EventBatchError("element \(index) has an id with control characters")
        }
        events.append(
            Event(
                id: id, timestamp: json["timestamp"]?.integer ?? 0,
                installation: json["frameworkLocalUserId"]?.string.map(Self.number),
                columns: EventColumn.allCases.map { $0.value(in: json) }, body: String(decoding: element, as: UTF8.self)
            ))
    }
}

extension EventBatch {
    /// The first eight bytes of SHA-256: comparing numbers takes half as long as comparing texts.
    static func number(of installation: String) -> Int64 {
        SHA256.hash(data: Array(installation.utf8)).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}

/// What is looked at often enough to have a column of its own; the names are those of the table.
package enum EventColumn: String, CaseIterable, Sendable {
    case cli, version, command, provider, runtime, outcome

    private static let maximumBytes = 256

    /// Where it stands in an event.
    package var path: [String] {
        switch self {
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
        guard let text = value?.string else { return nil }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars where scalar.value != 0 {
            bytes += UTF8.width(scalar)
            guard bytes <= Self.maximumBytes else { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}

/// Why a body is no batch; nothing of it was kept.
package struct EventBatchError: Error, Equatable, CustomStringConvertible {
    package let description: String
    /// Halves of it might be taken.
    let isTooLarge: Bool

    init(_ description: String, isTooLarge: Bool = false) {
        self.description = description
        self.isTooLarge = isTooLarge
    }
}
