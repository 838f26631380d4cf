// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Figures that are checked in.
enum Guards {
    static func figure(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: Sandbox.repository + "/Tests/Guards/figures", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
    }
}
