// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// A notice for people, from a collector or a feed. What it says is not trusted; see ``PrintableText``.
package struct Notification: Sendable, Equatable {
    package enum Severity: String, Sendable { case info, warning, critical }

    package let code: String
    package let message: String
    /// Hours that have to pass before the same code is shown again; 0 takes turns with the others that have 0.
    package let visibilityInterval: Int64
    /// Whom it is for; empty: everybody, whatever they are.
    package var targets: [NotificationTarget] = []
    /// Unix milliseconds; the first moment in which it may be shown.
    package var notBefore: Int64?
    /// Unix milliseconds; from then on it is not.
    package var expires: Int64?
    package var severity = Severity.info
    /// Where there is more to read: `https://…`.
    package var link: String?

    /// In a rc file and in a list a code is a word, not a text.
    package static let maximumCodeBytes = 128
    /// What is cut off at ``PrintableText/maximumBytes`` need not be kept.
    private static let maximumMessageBytes = 16 << 10
    private static let maximumTargets = 16

    package init(code: String, message: String, visibilityInterval: Int64) {
        self.code = code
        self.message = message
        self.visibilityInterval = visibilityInterval
    }

    /// Takes one entry of a list, or nothing if it is no notification (serverless-semantics, section 4.9, steps 2 and 3).
    ///
    /// The members that the original does not know are optional; one that is there and makes no sense makes the whole
    /// entry none: shown to the wrong people, or for ever, it would do harm.
    package init?(_ json: JSON) {
        guard let code = json["code"]?.string, code.utf8.count <= Self.maximumCodeBytes,
            let message = json["message"]?.string, message.utf8.count <= Self.maximumMessageBytes,
            PrintableText.sanitizeLine(code) == code, PrintableText.hasVisible(code), PrintableText.hasVisible(message)
        else { return nil }
        self.init(code: code, message: message, visibilityInterval: Self.hours(json["visibilityInterval"]))
        guard readTargets(json["appliesTo"]), readMoments(json), readSeverity(json["severity"]), readLink(json["link"])
        else { return nil }
    }

    private mutating func readTargets(_ json: JSON?) -> Bool {
        guard let json, json != .null else { return true }
        let entries = json.array ?? [json]
        targets = entries.compactMap(NotificationTarget.init)
        return targets.count == entries.count && 1...Self.maximumTargets ~= entries.count
    }

    private mutating func readMoments(_ json: JSON) -> Bool {
        for (name, place) in [("notBefore", \Notification.notBefore), ("expires", \Notification.expires)] {
            guard let value = json[name], value != .null else { continue }
            guard let moment = Timestamp.milliseconds(value) else { return false }
            self[keyPath: place] = moment
        }
        return true
    }

    private mutating func readSeverity(_ json: JSON?) -> Bool {
        guard let json, json != .null else { return true }
        guard let word = json.string else { return false }
        // A word of a later version is no reason to keep people from reading the notice.
        severity = Severity(rawValue: word) ?? .info
        return true
    }

    private mutating func readLink(_ json: JSON?) -> Bool {
        guard let json, json != .null else { return true }
        guard let text = json.string, text.utf8.count <= 512, text.hasPrefix("https://") || text.hasPrefix("http://"),
            text.utf8.allSatisfy({ 0x21...0x7e ~= $0 })
        else { return false }
        link = text
        return true
    }

    /// Whether it is for this caller at this time, apart from when it was shown last.
    package func isFor(_ caller: Product?, at now: Int64) -> Bool {
        guard notBefore.map({ $0 <= now }) ?? true, expires.map({ now < $0 }) ?? true else { return false }
        return targets.isEmpty || targets.contains { target in caller.map(target.includes) ?? false }
    }

    /// Its members as they came, or would have; what is not there, and what goes without saying, is left out.
    package var json: JSON {
        var object = JSONObject([
            ("code", .string(code)), ("message", .string(message)), ("visibilityInterval", JSON(visibilityInterval)),
        ])
        if !targets.isEmpty { object["appliesTo"] = .array(targets.map(\.json)) }
        if let notBefore { object["notBefore"] = JSON(notBefore) }
        if let expires { object["expires"] = JSON(expires) }
        if severity != .info { object["severity"] = .string(severity.rawValue) }
        if let link { object["link"] = .string(link) }
        return .object(object)
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
