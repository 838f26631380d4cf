// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// A notice for people, from a collector. What it says is not trusted; see ``PrintableText``.
package struct Notification: Sendable, Equatable {
    package let code: String
    package let message: String
    /// Hours that have to pass before the same code is shown again; 0 takes turns with the others that have 0.
    package let visibilityInterval: Int64

    package init(code: String, message: String, visibilityInterval: Int64) {
        self.code = code
        self.message = message
        self.visibilityInterval = visibilityInterval
    }

    /// Takes one entry of a list, or nothing if it is no notification (serverless-semantics, section 4.9, steps 2 and 3).
    package init?(_ json: JSON) {
        guard let code = json["code"]?.string, !code.isEmpty, let message = json["message"]?.string, !message.isEmpty
        else { return nil }
        self.init(code: code, message: message, visibilityInterval: Self.hours(json["visibilityInterval"]))
    }

    package var json: JSON {
        ["code": .string(code), "message": .string(message), "visibilityInterval": JSON(visibilityInterval)]
    }

    /// The original converts whatever stands there as JavaScript would; what makes no sense is a day.
    private static func hours(_ value: JSON?) -> Int64 {
        let fallback: Int64 = 24
        guard let value, value != .null, let number = JavaScriptNumber.convert(value), number > -1 else {
            return fallback
        }
        // Beyond what an integer holds it is "never again" for all practical purposes.
        return Int64(exactly: min(number, 1e12).rounded(.towardZero)) ?? fallback
    }
}

/// Text from the network, made fit for a terminal.
package enum PrintableText {
    /// More than this no notice needs, and a terminal should not have to take.
    package static let maximumBytes = 2048

    /// Removes control, escape, bidi and other invisible characters; keeps line feeds; caps the length.
    package static func sanitize(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars where isPrintable(scalar) {
            bytes += String(scalar).utf8.count
            guard bytes <= maximumBytes else { break }
            result.append(scalar)
        }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\n" { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
