// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The frames of a stack trace without what they say of the machine (serverless-semantics, section 4.11; faults.md, F163).
///
/// The original takes away the folder that all frames have in common, and so keeps whole every path that is outside of it,
/// relative, or a `file://` URL. Here a path is kept from the root of a package that everybody has, and is `<external>`
/// otherwise.
package enum ErrorLocation {
    package static let external = "<external>"
    private static let maximumFrames = 7

    /// What the original says where there are no frames.
    private static let fixed = [
        "<not accessible due to non-error exception>", "<not available>", "<not reflected in stack>",
    ]

    package static func keeping(_ text: String) -> String {
        if fixed.contains(text) { return text }
        var frames: [String] = []
        for line in text.split(whereSeparator: \.isNewline).prefix(maximumFrames) { frames.append(frame(line)) }
        return frames.isEmpty ? fixed[2] : frames.joined(separator: "\n")
    }

    /// `path:line:column`, alone or as a line of a stack; `^:line:column` is the path of the frame before.
    private static func frame(_ line: Substring) -> String {
        var rest = line
        // "at name (path:1:2)", and what else may be around it.
        if let open = rest.lastIndex(of: "("), rest.hasSuffix(")") {
            rest = rest[rest.index(after: open)...].dropLast()
        }
        while rest.first == " " { rest = rest.dropFirst() }
        if rest.hasPrefix("at ") { rest = rest.dropFirst(3) }
        if rest.hasPrefix("async ") { rest = rest.dropFirst(6) }
        guard let (path, position) = parts(rest) else { return external }
        if path == "^" { return "^" + position }
        return kept(String(path).replacing("\\", with: "/")).map { $0 + position } ?? external
    }

    /// The path, and `:line:column`.
    private static func parts(_ frame: Substring) -> (path: Substring, position: Substring)? {
        var position = frame.endIndex
        for _ in 0..<2 {
            guard let colon = frame[..<position].lastIndex(of: ":") else { return nil }
            let number = frame[colon..<position].dropFirst()
            guard 1...9 ~= number.utf8.count, number.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
            position = colon
        }
        return (frame[..<position], frame[position...])
    }

    private static func kept(_ path: String) -> String? {
        let isRuntime = path.hasPrefix("node:")
        let segments = (isRuntime ? path.dropFirst(5) : path[...]).split(
            separator: "/", omittingEmptySubsequences: false)
        if isRuntime { return segments.allSatisfy(isPlain) ? path : nil }
        if let modules = segments.lastIndex(of: "node_modules") {
            return package(segments[(modules + 1)...])
        }
        // The original has cut what stands before it.
        let own = segments.first == "" ? segments.dropFirst() : segments[...]
        return own.first == "serverless" || own.first == "snapshot" && own.dropFirst().first == "serverless"
            ? package(own.first == "snapshot" ? own.dropFirst() : own) : nil
    }

    /// From the name of a package on, if everybody has it.
    private static func package(_ segments: ArraySlice<Substring>) -> String? {
        guard let first = segments.first, segments.allSatisfy(isPlain) else { return nil }
        let count = first.hasPrefix("@") ? 2 : 1
        guard segments.count > count else { return nil }
        let name = segments.prefix(count).joined(separator: "/")
        guard PublicNames.packages.contains(name) else { return nil }
        // A folder of somebody's own can have that name too.
        guard name != "serverless" || Self.foldersOfServerless.contains(String(segments.dropFirst().first ?? "")) else {
            return nil
        }
        return segments.joined(separator: "/")
    }

    private static let foldersOfServerless: Set = ["bin", "commands", "lib", "node_modules", "scripts"]

    private static func isPlain(_ segment: Substring) -> Bool {
        segment != ".."
            && segment.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2d || byte == 0x2e || byte == 0x5f
                    || byte == 0x40
            }
    }
}
