// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where events go: `http://` or `https://`, a host, and what follows (RFC 3986, as far as a collector needs it).
package struct CollectorURL: Sendable, Equatable, CustomStringConvertible {
    package let description: String
    package let isSecure: Bool
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int

    /// - Returns: `nil` for anything else, and for one with a user or password in it: those would be shown in `status`.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ 0x21...0x7e ~= $0 }), let (scheme, rest) = Self.cut(text, at: "://") else {
            return nil
        }
        switch scheme.lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: return nil
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let place = Self.hostAndPort(authority), !authority.contains("@") else { return nil }
        description = text
        host = place.host
        port = place.port ?? (isSecure ? 443 : 80)
    }

    /// Whether both mean the same server, reached the same way.
    package func hasSameOrigin(as other: CollectorURL) -> Bool {
        isSecure == other.isSecure && host == other.host && port == other.port
    }

    /// Where a `Location` leads (RFC 3986, section 5), as far as it names a place on this server or a whole URL.
    package func resolving(_ location: String) -> CollectorURL? {
        guard location.hasPrefix("/"), !location.hasPrefix("//") else { return CollectorURL(location) }
        guard let (scheme, rest) = Self.cut(description, at: "://") else { return nil }
        return CollectorURL("\(scheme)://\(rest.prefix { !"/?#".contains($0) })\(location)")
    }

    /// Where logs are taken (OTLP/HTTP, "Default path").
    package static let logsPath = "/v1/logs"

    /// The same with a path behind its own.
    package func appending(_ path: String) -> CollectorURL {
        let base = description.prefix { !"?#".contains($0) }
        return CollectorURL((base.hasSuffix("/") ? base.dropLast() : base) + path) ?? self
    }

    /// For OTLP: a URL of a server only means the usual path there.
    package var forLogs: CollectorURL {
        guard let (_, rest) = Self.cut(description, at: "://") else { return self }
        return ["", "/"].contains(rest.drop { !"/?#".contains($0) }) ? appending(Self.logsPath) : self
    }

    /// The traffic stays on this machine: an address is asked for, since 127.example.org is a name.
    package var isLoopback: Bool {
        var address = in_addr()
        return host == "localhost" || host == "::1" || host.hasPrefix("127.") && inet_pton(AF_INET, host, &address) == 1
    }

    /// Nobody on the way could read a token that goes along.
    package var isFitForToken: Bool { isSecure || isLoopback }

    /// `example.org:8080`, `[::1]:8080`.
    static func hostAndPort(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, text.hasPrefix("[") || !host.contains(":") else { return nil }
        guard let port, !port.isEmpty else { return (host.lowercased(), nil) }
        guard let number = Int(port), 1...65_535 ~= number else { return nil }
        return (host.lowercased(), number)
    }

    static func cut(_ text: String, at separator: String) -> (Substring, Substring)? {
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }
}
