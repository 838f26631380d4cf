// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol
package import SystemPackage

/// Notices that come without telemetry: a document that is fetched once a day at most, or a file (FeedFormat.md).
///
/// What was last accepted is kept in `feed.json`, with when to ask again; nothing of it tells one machine from another.
package struct NotificationFeed: Sendable {
    /// Where the feed is, and whose signature it needs.
    package struct Source: Sendable, Equatable {
        /// A URL or an absolute path.
        package let place: String
        /// Base64 of an Ed25519 key, or `nil` if any content is believed.
        package let publicKey: String?

        package init(place: String, publicKey: String?) {
            self.place = place
            self.publicKey = publicKey
        }
    }

    package let source: Source
    package private(set) var list = NotificationList()
    /// Of the last document that was accepted; a signed one must not go back behind it.
    package private(set) var sequence: Int64?
    /// What the server called that document.
    package private(set) var entityTag: String?
    package private(set) var checkedAt: Int64?
    /// Nobody asks before then.
    package private(set) var nextCheckAt: Int64 = 0
    /// Why what came last was not taken.
    package private(set) var problem: String?

    private let path: FilePath
    private let files: any FileSystem

    private static let day: Int64 = 24 * 3_600_000
    private static let hour: Int64 = 3_600_000

    /// Takes over what was kept of the same source; anything else in the file counts as nothing.
    package init(_ source: Source, state: FilePath, files: any FileSystem) {
        self.source = source
        self.files = files
        path = state.appending("feed.json")
        guard let bytes = try? files.read(path, limit: 4 * ProtocolLimits.maximumFeedBytes),
            let json = try? JSON(parsing: bytes),
            json["publicKey"]?.string == source.publicKey
        else { return }
        // It counts what this key has signed, wherever that came from.
        sequence = json["sequence"]?.integer
        guard json["place"]?.string == source.place else { return }
        list = NotificationList(kept: json)
        entityTag = json["entityTag"]?.string
        checkedAt = json["checkedAt"]?.integer
        nextCheckAt = json["nextCheckAt"]?.integer ?? 0
        problem = json["problem"]?.string
    }

    /// A clock that was set back must not keep us from asking for years.
    package func isDue(at now: Int64) -> Bool { nextCheckAt <= now || nextCheckAt > now + 3 * Self.day }

    /// Whatever came of asking.
    package enum Answer: Sendable, Equatable {
        /// A document; `isAuthentic` is `nil` where no signature is asked for.
        case document([UInt8], entityTag: String?, isAuthentic: Bool?)
        /// The one we have (304).
        case unchanged
        /// Anything else that came of a request: an answer that is no document, half of one, none in time.
        case refused(String)
        /// There was no server to ask: tried again after an hour, since nobody can have counted us.
        case unreachable(String)
    }

    /// Called before a request leaves: whatever becomes of it and of us, the next one is a day away.
    package mutating func begin(now: Int64, jitter: Double) throws(FileError) {
        nextCheckAt = now + Self.day + Int64(jitter * Double(Self.day) / 4)
        try files.replace(path, with: json.serializedBytes())
    }

    /// - Parameter jitter: from 0 up to 1; what thousands of machines draw differently, so that they do not come together.
    package mutating func take(_ answer: Answer, now: Int64, jitter: Double) throws(FileError) {
        checkedAt = now
        var pause = Self.day
        switch answer {
        case .unchanged: problem = nil
        case .refused(let reason): problem = reason
        case .unreachable(let reason):
            problem = reason
            pause = Self.hour
        case .document(let bytes, let tag, let isAuthentic):
            problem = accept(bytes, isAuthentic)
            // What was not taken must come again whole.
            entityTag = problem == nil ? tag : nil
        }
        nextCheckAt = now + pause + Int64(jitter * Double(pause) / 4)
        try files.replace(path, with: json.serializedBytes())
    }

    /// - Returns: why it is not taken; the list that is known stays then.
    private mutating func accept(_ bytes: [UInt8], _ isAuthentic: Bool?) -> String? {
        guard isAuthentic != false else { return "the signature is not that of notifications.publicKey" }
        let document: JSON
        do throws(JSONError) { document = try JSON(parsing: bytes) } catch { return "it is not JSON: \(error)" }
        guard let new = NotificationList(document) else { return "it is no list of notifications" }
        if source.publicKey != nil {
            guard let number = document["sequence"]?.integer, number >= 0 else {
                return "a signed feed needs a sequence number, and this one has none"
            }
            if let sequence, number < sequence {
                return "its sequence number \(number) is older than \(sequence), which was seen before"
            }
            sequence = number
        }
        list = new
        return nil
    }

    private var json: JSON {
        var object = JSONObject([("place", .string(source.place))] + list.members)
        object["publicKey"] = source.publicKey.map(JSON.string)
        object["sequence"] = sequence.map { JSON($0) }
        object["entityTag"] = entityTag.map(JSON.string)
        object["checkedAt"] = checkedAt.map { JSON($0) }
        object["nextCheckAt"] = JSON(nextCheckAt)
        object["problem"] = problem.map(JSON.string)
        return .object(object)
    }
}
