// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
package import SystemPackage

extension JSON {
    /// Unix milliseconds or a running number, as we write them; `nil` for what would overflow when it is calculated with.
    package var moment: Int64? { integer.flatMap { 0..<(1 << 53) ~= $0 ? $0 : nil } }
}

extension FileSystem {
    /// A small file of our own that can be done without: `nil` if it is not there, cannot be read, is larger, or is no JSON.
    package func readJSON(_ path: FilePath, limit: Int = 4096) -> JSON? {
        (try? read(path, limit: limit)).flatMap { try? JSON(parsing: $0) }
    }
}
