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

    let settings: [Setting]

    init(_ bytes: [UInt8], name: String) throws(ConfigurationError) {
        do throws(JSONError) {
            settings = try JSONLocatedObject(parsing: bytes).leaves().filter { !Self.isEmptySection($0) }.map { leaf in
                Setting(
                    key: leaf.path.joined(separator: "."), text: leaf.value.string ?? leaf.value.serialized(),
                    line: leaf.line)
            }
        } catch {
            let line = JSONLine.number(of: error.offset, in: bytes)
            throw ConfigurationError(
                place: "\(name):\(line)", problem: error.description, mend: "the file takes strict JSON")
        }
    }
    private static func isEmptySection(_ leaf: JSONLocatedObject.Leaf) -> Bool {
        let place = leaf.path.joined(separator: ".") + "."
        return leaf.value == [:] && ConfigurationKey.allCases.contains { $0.rawValue.hasPrefix(place) }
    }
}
