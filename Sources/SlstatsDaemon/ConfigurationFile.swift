// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The settings of a configuration file with the lines they stand on.
struct ConfigurationFile {
    struct Setting: Equatable {
        /// Path of keys, joined by dots.
        let key: String
        let text: String
        let line: Int
    }

    private(set) var settings: [Setting] = []

    init(_ bytes: [UInt8], name: String) throws(ConfigurationError) {
        do throws(JSONError) {
            _ = try JSON(parsing: bytes)
            var cursor = JSONCursor(bytes.span)
            try read(&cursor, parent: "", bytes)
        } catch {
            let line = Self.line(of: error.offset, in: bytes)
            throw ConfigurationError(
                place: "\(name):\(line)", problem: error.description, mend: "the file takes strict JSON")
        }
    }

    private mutating func read(_ cursor: inout JSONCursor, parent: String, _ bytes: [UInt8]) throws(JSONError) {
        var object = try cursor.enterObject()
        while let key = try cursor.nextKey(in: &object) {
            let path = parent + cursor.text(of: key)
            if cursor.current == UInt8(ascii: "{") {
                try read(&cursor, parent: path + ".", bytes)
            } else {
                let value = try cursor.scanValue()
                let text = value.isString ? cursor.text(of: value) : cursor.copyText(value.range)
                settings.append(Setting(key: path, text: text, line: Self.line(of: key.range.lowerBound, in: bytes)))
            }
        }
    }

    private static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        bytes[..<min(offset, bytes.count)].count { $0 == 0x0a } + 1
    }
}
