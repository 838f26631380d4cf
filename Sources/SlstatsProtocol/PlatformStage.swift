// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Which of the original's platforms a command talks to: each stage has an rc file of its own
/// (serverless-semantics.md, sections 4.1 and 4.2).
///
/// A stage becomes a part of a file name, so what could lead out of the folder is no stage.
package struct PlatformStage: Sendable, Hashable {
    /// Empty for production, whose file is `.serverlessrc`.
    package let name: String

    package static let production = PlatformStage(checked: "")

    /// In bytes. Nobody's stage is longer, and a file name has room for 255.
    package static let maximumBytes = 32

    /// What `SERVERLESS_PLATFORM_STAGE` says: unset, empty and `prod` are production, anything else counts in lower case
    /// and without white space at its end.
    ///
    /// - Returns: `nil` for a value that can be part of no file name.
    package init?(variable: String?) {
        guard let variable, !variable.isEmpty, variable != "prod" else {
            self = .production
            return
        }
        var name = variable.lowercased()
        while let last = name.unicodeScalars.last, last.properties.isWhitespace || last == "\u{feff}" {
            name.unicodeScalars.removeLast()
        }
        self.init(name: name)
    }

    /// A name that has been taken for one before.
    package init?(name: String) {
        let odd: Set = [UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "\""), 0x7f]
        let isFileName = !name.utf8.contains { odd.contains($0) || $0 < 0x20 }
        guard isFileName, name.utf8.count <= Self.maximumBytes else { return nil }
        self.name = name
    }

    private init(checked name: String) { self.name = name }

    /// `.serverlessrc`, `.serverlessdevrc`.
    package var rcFileName: String { ".serverless\(name)rc" }
}
