// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// IP addresses with the same first bits: `10.0.0.0/8`, `fd00::/8` (RFC 4632, section 3.1; RFC 4291, section 2.3). An
/// address alone is the range of itself.
struct AddressRange {
    private let address: [UInt8]
    private let bits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Self.address(String(parts[0])) else { return nil }
        guard let bits = parts.count == 2 ? Int(parts[1]) : address.count * 8, 0...address.count * 8 ~= bits else {
            return nil
        }
        self.address = address
        self.bits = bits
    }

    /// A name is in no range: what it will resolve to is the proxy's business.
    func contains(_ host: String) -> Bool {
        guard let other = Self.address(host), other.count == address.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return address[bit / 8] & mask == other[bit / 8] & mask
        }
    }

    private static func address(_ text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
