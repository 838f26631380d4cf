// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The proxy that the environment names for a collector, read as curl and Go read it: `HTTPS_PROXY` or `HTTP_PROXY` by
/// the collector's scheme, each in capitals or not, and `NO_PROXY` with the exceptions.
package struct ProxySettings: Sendable, Equatable {
    package let host: String
    package let port: Int
    package let user: String?
    /// Never to be logged.
    package let password: String?

    /// The variables that are looked at.
    package static let variables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"]

    /// - Returns: `nil` if the collector is to be reached without one, or none is named that we can speak to.
    package init?(for collector: CollectorURL, variable: (String) -> String?) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].lazy.compactMap(variable).first { !$0.isEmpty }
        }
        guard let text = value(collector.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY"),
            // A name in the machine's own loopback is no business of a proxy's.
            !collector.isLoopback, !NoProxy(value("NO_PROXY") ?? "").contains(collector)
        else { return nil }
        let (scheme, rest) = CollectorURL.cut(text, at: "://") ?? ("http", text[...])
        guard scheme.lowercased() == "http" else { return nil }
        var authority = rest.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = Self.percentDecoded(parts[0])
            password = parts.count == 2 ? Self.percentDecoded(parts[1]) : ""
            authority = authority[authority.index(after: at)...]
        } else {
            user = nil
            password = nil
        }
        guard let place = CollectorURL.hostAndPort(authority) else { return nil }
        host = place.host
        port = place.port ?? 80
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The exceptions of `NO_PROXY`: names with everything below them (`example.org`, `.example.org`, `*.example.org`),
/// addresses, address ranges (`10.0.0.0/8`, `fd00::/8`), each with a port if need be, and `*` for all.
struct NoProxy {
    private let entries: [String]

    init(_ text: String) {
        entries = text.split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    func contains(_ collector: CollectorURL) -> Bool { entries.contains { Self.matches($0, collector) } }

    private static func matches(_ entry: String, _ collector: CollectorURL) -> Bool {
        if entry == "*" { return true }
        if let range = AddressRange(entry) { return range.contains(collector.host) }
        guard let (name, port) = CollectorURL.hostAndPort(entry[...]), port == nil || port == collector.port else {
            return false
        }
        let suffix =
            name.hasPrefix("*.") ? String(name.dropFirst(2)) : name.hasPrefix(".") ? String(name.dropFirst()) : name
        return collector.host == suffix || collector.host.hasSuffix("." + suffix)
    }
}
