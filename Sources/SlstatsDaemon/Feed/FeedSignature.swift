// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials

/// Ed25519 (RFC 8032) over the bytes of a feed; keys and signatures are base64 on one line.
package enum FeedSignature {
    package static func isPublicKey(_ text: String) -> Bool { key(text) != nil }

    /// - Parameter signature: the content of the file beside the feed.
    package static func isValid(_ signature: [UInt8], of feed: [UInt8], publicKey: String) -> Bool {
        let line = signature.prefix { !"\r\n".utf8.contains($0) }
        guard let key = key(publicKey), let bytes = Data(base64Encoded: String(decoding: line, as: UTF8.self)) else {
            return false
        }
        return key.isValidSignature(bytes, for: feed)
    }

    private static func key(_ text: String) -> Curve25519.Signing.PublicKey? {
        Data(base64Encoded: text).flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
    }
}
