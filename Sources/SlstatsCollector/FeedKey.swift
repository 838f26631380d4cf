// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
internal import OrderedJSON
internal import SlstatsProtocol

/// An Ed25519 key (RFC 8032) that signs feeds; daemons know its public half as `notifications.publicKey`.
package struct FeedKey {
    private let key: Curve25519.Signing.PrivateKey

    /// Base64, one line.
    package var publicKey: String { key.publicKey.rawRepresentation.base64EncodedString() }

    /// - Throws: ``FeedKeyError`` if there is a file already, or none can be made.
    package static func make(at path: String) throws(FeedKeyError) -> FeedKey {
        let key = Curve25519.Signing.PrivateKey()
        let text = key.rawRepresentation.base64EncodedString() + "\n"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FeedKeyError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, fsync(descriptor) == 0 else {
            throw FeedKeyError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        return FeedKey(key: key)
    }

    private init(key: Curve25519.Signing.PrivateKey) { self.key = key }

    package init(readingFrom path: String) throws(FeedKeyError) {
        let text = try Self.read(path)
        guard let bytes = Data(base64Encoded: String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { throw FeedKeyError("\(path) is no key; make one with: slstats-collector make-key \(path)") }
        self.key = key
    }

    /// Writes the signature beside the feed, in one step.
    ///
    /// - Returns: the path of the signature.
    package func sign(_ feed: String) throws(FeedKeyError) -> String {
        let bytes = try Self.read(feed)
        try Self.check(bytes, feed)
        let path = feed + ".sig"
        do {
            let text = try key.signature(for: bytes).base64EncodedString() + "\n"
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw FeedKeyError("\(path) cannot be written: \(error.localizedDescription)")
        }
        return path
    }

    /// What a daemon would not take is not signed.
    private static func check(_ bytes: Data, _ path: String) throws(FeedKeyError) {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: Array(bytes)) } catch {
            throw FeedKeyError("\(path) is not JSON: \(error)")
        }
        guard bytes.count <= ProtocolLimits.maximumFeedBytes else {
            throw FeedKeyError("\(path) has \(bytes.count) bytes; daemons take \(ProtocolLimits.maximumFeedBytes)")
        }
        guard let entries = json["notifications"]?.array else {
            throw FeedKeyError("\(path) has no member notifications with a list")
        }
        guard let sequence = json["sequence"]?.integer, sequence >= 0 else {
            throw FeedKeyError("\(path) has no member sequence with a whole number; raise it with each version")
        }
        guard entries.count <= ProtocolLimits.maximumNotifications else {
            throw FeedKeyError(
                "\(path) has \(entries.count) notifications; daemons take \(ProtocolLimits.maximumNotifications)")
        }
        for (index, entry) in entries.enumerated() where Notification(entry) == nil {
            throw FeedKeyError("\(path): element \(index) of notifications is none that a daemon would take")
        }
    }

    private static func read(_ path: String) throws(FeedKeyError) -> Data {
        do { return try Data(contentsOf: URL(filePath: path)) } catch {
            throw FeedKeyError("\(path) cannot be read: \(error.localizedDescription)")
        }
    }
}

/// Why a key or a signature could not be made.
package struct FeedKeyError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
