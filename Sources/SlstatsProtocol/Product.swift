// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What a caller is: `serverless@3.38.0` (`--for`, and `for` in the protocol).
package struct Product: Sendable, Equatable, CustomStringConvertible {
    package let name: String
    package let version: SemanticVersion

    /// Split at the last `@`, since npm's names can begin with one: `@acme/cli@1.0.0`.
    package init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), let version = SemanticVersion(text[text.index(after: at)...]),
            Self.isName(text[..<at])
        else { return nil }
        name = String(text[..<at])
        self.version = version
    }

    package var description: String { "\(name)@\(version)" }

    /// Printable ASCII without blanks, 214 bytes at most, as npm has it.
    static func isName(_ text: some StringProtocol) -> Bool {
        1...214 ~= text.utf8.count && text.utf8.allSatisfy { 0x21...0x7e ~= $0 }
    }
}
