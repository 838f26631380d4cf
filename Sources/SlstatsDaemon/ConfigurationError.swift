// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A mistake in the configuration; `slstatsd` stops with exit code 78.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// File and line, variable or flag.
    package let place: String
    package let problem: String
    package let mend: String

    package var description: String { "\(place): \(problem); \(mend)" }
}
