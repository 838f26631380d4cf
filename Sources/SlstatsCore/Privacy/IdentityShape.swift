// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Identities that are known by their form, so that nobody has to read what they are on this machine: addresses of the
/// network and of people, machine-id(5), and what services give out as secrets.
enum IdentityShape {
    static func finding(in bytes: Span<UInt8>) -> Identity.Kind? {
        // Nothing shorter than `::1`, and none without a digit, a colon or an at sign.
        guard bytes.count >= 3 else { return nil }
        var start = 0
        for end in 0...bytes.count where end == bytes.count || !isToken(bytes[end]) {
            if end - start >= 3, let kind = kind(of: bytes.extracting(start..<end)) { return kind }
            start = end + 1
        }
        return nil
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2e, 0x5f, 0x3a, 0x40, 0x2b, 0x2d: true
        default: isAlphanumeric(byte)
        }
    }

    private static func kind(of token: Span<UInt8>) -> Identity.Kind? {
        var (digits, hexDigits, dots, colons, dashes, at) = (0, 0, 0, 0, 0, 0)
        for index in token.indices {
            let byte = token[index]
            if isDigit(byte) { digits += 1 }
            if isHex(byte) { hexDigits += 1 }
            switch byte {
            case 0x2e: dots += 1
            case 0x3a: colons += 1
            case 0x2d: dashes += 1
            case 0x40: at += 1
            default: break
            }
        }
        if at > 0, isEmailAddress(token) { return .emailAddress }
        if dots >= 3, isIPv4(token) { return .networkAddress }
        if colons >= 2, isIPv6(token) { return .networkAddress }
        if colons == 5 || dashes == 5, hexDigits == 12, token.count == 17 { return .networkAddress }
        if token.count == 32, hexDigits == 32 { return .machineID }
        return token.count >= 16 && isSecret(token) ? .secret : nil
    }

    /// Something, an at sign, and a name with a dot in it.
    private static func isEmailAddress(_ token: Span<UInt8>) -> Bool {
        guard let at = token.indices.last(where: { token[$0] == 0x40 }), at > 0 else { return false }
        for index in at..<token.count where token[index] == 0x2e && index > at + 1 && index < token.count - 1 {
            return true
        }
        return false
    }

    /// Four numbers up to 255, whatever stands around them: `1.192.168.0.1` has one as well.
    private static func isIPv4(_ token: Span<UInt8>) -> Bool {
        let parts = text(token).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4 else { return false }
        return (0...parts.count - 4).contains { start in
            parts[start..<start + 4].allSatisfy { $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil }
        }
    }

    /// RFC 4291, section 2.2: groups of hex digits with colons between them, eight of them or `::` in it.
    private static func isIPv6(_ token: Span<UInt8>) -> Bool {
        let text = text(token)
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        guard groups.count <= 9, groups.contains(where: { !$0.isEmpty }),
            groups.dropLast().allSatisfy({ $0.utf8.count <= 4 && $0.utf8.allSatisfy(isHex) })
        else { return false }
        let last = groups.last ?? ""
        guard last.contains(".") || last.utf8.count <= 4 && last.utf8.allSatisfy(isHex) else { return false }
        return text.contains("::") || groups.count == 8
    }

    private static let prefixes = [
        "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "pypi-", "xoxb-",
        "xoxp-",
        "xoxa-", "sk_live_", "rk_live_", "sk-", "AIza", "ya29.", "eyJ", "SG.", "dop_v1_", "hvs.",
    ].map { Array($0.utf8) }

    private static func isSecret(_ token: Span<UInt8>) -> Bool {
        prefixes.contains { prefix in
            prefix.indices.allSatisfy { token[$0] == prefix[$0] }
        }
    }

    private static func text(_ token: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in token.indices { bytes.append(token[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 26 }
}
