// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// The key of keyed hashes, `key` in the state folder: 32 random bytes that never leave the machine, made when the first
/// event needs them.
package struct InstallationKey: Sendable {
    private static let count = 32

    private let path: FilePath
    private let files: any FileSystem
    private var known: [UInt8] = []

    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("key")
        self.files = files
    }

    /// The same for all events until it is made anew. One that is damaged is made anew: what was hashed with it is no
    /// less anonymous for that.
    package mutating func bytes(using random: inout RandomSource) throws(FileError) -> [UInt8] {
        guard known.isEmpty else { return known }
        if try files.status(of: path) != nil {
            known = try files.read(path, limit: 4096)
            if known.count == Self.count { return known }
        }
        return try renew(using: &random)
    }

    /// Nobody can tell from then on that earlier hashes were of the same things.
    @discardableResult
    package mutating func renew(using random: inout RandomSource) throws(FileError) -> [UInt8] {
        let new = (0..<Self.count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try files.replace(path, with: new)
        known = new
        return new
    }
}
