// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation

/// How a collector is run; each has an option of `slstats-collector serve`.
package struct CollectorSettings: Sendable {
    /// What senders and readers have to know; `nil` for whoever can reach it.
    package var token: AccessToken?
    /// Of one address, an IPv6 one with its neighbours in the same /64.
    package var requestsPerMinute = 600
    /// The address is the one that the last proxy says (`X-Forwarded-For`).
    package var isBehindProxy = false
    /// So many requests are read and stored at the same time; the next is told to come again.
    package var maximumInFlight = 32
    /// For all of a body: who sends a byte now and then does not keep others out.
    package var bodyTimeout = Duration.seconds(30)
    /// Events that came in longer ago are removed; `nil` keeps them.
    package var keep: Duration?
    /// Figures of fewer installations than this are not shown by themselves.
    package var threshold = 5
    /// Files in PEM; `nil` speaks plain HTTP.
    package var tls: TLSFiles?

    package struct TLSFiles: Sendable {
        package let certificate: String
        package let key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package init() {}
}

/// A secret from a file. Kept as its hash, so that comparing takes as long for any guess.
package struct AccessToken: Sendable {
    private let hash: SHA256Digest

    /// - Returns: `nil` for a text that is none of RFC 6750, section 2.1.
    package init?(_ text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else { return nil }
        hash = SHA256.hash(data: Data(text.utf8))
    }

    package init(readingFrom path: String) throws(AccessTokenError) {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw AccessTokenError("\(path) cannot be read: \(error.localizedDescription)")
        }
        guard let token = AccessToken(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw AccessTokenError("\(path) has no token: it takes one line of letters, digits and signs")
        }
        self = token
    }

    /// `Bearer …` (RFC 6750), or `Basic …` with it as the password (RFC 7617), as browsers ask for it.
    func accepts(authorization: String?) -> Bool {
        guard let authorization, let blank = authorization.firstIndex(of: " ") else { return false }
        let credentials = authorization[blank...].drop { $0 == " " }
        switch authorization[..<blank].lowercased() {
        case "bearer": return accepts(Data(credentials.utf8))
        case "basic":
            guard let pair = Data(base64Encoded: String(credentials)),
                let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return false }
            return accepts(pair[(colon + 1)...])
        default: return false
        }
    }

    private func accepts(_ guess: Data) -> Bool { SHA256.hash(data: guess) == hash }
}

/// Why there is no token.
package struct AccessTokenError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
