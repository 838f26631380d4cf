// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

extension EventCheck {
    /// What becomes of one value.
    enum Verdict {
        case kept
        case replaced(Replacement.Value)
        case wrong
        case identity(Identity.Kind)
    }

    func verdict(
        _ value: JSONSlice, _ field: CatalogueField, _ cursor: borrowing JSONCursor, _ rules: EventRules
    ) -> Verdict {
        if value.kind == .null { return field.isNullable || isStored || field.kind == .withheld ? .kept : .wrong }
        switch field.kind {
        case .string(let vocabulary, let maximumBytes):
            guard value.isString, value.content.count <= maximumBytes else { return .wrong }
            return string(value, vocabulary, cursor, rules)
        case .integer(let range):
            guard value.kind == .number else { return .wrong }
            return isInteger(value.range, in: range, cursor) ? .kept : .wrong
        case .boolean: return value.isBool ? .kept : .wrong
        case .uuid: return isLowerCaseUUID(value, cursor) ? .kept : .wrong
        case .randomUUID:
            // The version is the first digit of the third group.
            return isLowerCaseUUID(value, cursor) && cursor.bytes[value.content.lowerBound + 14] == UInt8(ascii: "4")
                ? .kept : .wrong
        case .answer:
            guard !value.isBool else { return .kept }
            guard value.isString, value.content.count <= CatalogueField.Kind.maximumBytes else { return .wrong }
            return string(value, .pattern(.mark), cursor, rules)
        case .keyedHash where isStored:
            // Something else was not hashed when it was recorded: a vendor has changed the field since.
            return value.isString && StoredEvent.isKeyedHash(cursor.bytes.extracting(value.content)) ? .kept : .wrong
        case .keyedHash:
            guard value.isString, value.content.count <= CatalogueField.Kind.maximumBytes else { return .wrong }
            return .replaced(.keyedHash(of: cursor.text(of: value)))
        case .count: return isStored && value.kind == .number ? .kept : .wrong
        case .withheld: return .replaced(.json(Array("null".utf8)))
        case .magnitude(let range):
            guard value.kind == .number, isInteger(value.range, in: isStored ? .min ... .max : range, cursor) else {
                return .wrong
            }
            return .replaced(.json(Self.magnitude(cursor.copyText(value.range))))
        }
    }

    /// What comes from a list says nothing of who is here, whatever it is called: only the rest is searched.
    private func string(
        _ value: JSONSlice, _ vocabulary: Vocabulary, _ cursor: borrowing JSONCursor, _ rules: EventRules
    ) -> Verdict {
        switch vocabulary {
        case .closed(let table): return table.index(of: value, in: cursor) != nil ? .kept : .wrong
        case .names(let table, let local, let other):
            guard table.index(of: value, in: cursor) == nil else { return .kept }
            let text = cursor.text(of: value)
            if isStored, text == other || text == local { return .kept }
            return replaced(local.flatMap { Vocabulary.isPath(text) ? $0 : nil } ?? other)
        case .resourceType: return searched(cursor.text(of: value), Vocabulary.resourceType, rules)
        case .errorLocation: return searched(cursor.text(of: value), ErrorLocation.keeping, rules)
        case .pattern(let pattern):
            guard accepts(value, pattern, cursor) else { return .wrong }
            return rules.identities.finding(in: value, of: cursor).map(Verdict.identity) ?? .kept
        case .beginning(let pattern):
            guard accepts(value, pattern, cursor) else { return .wrong }
            return searched(cursor.text(of: value), { $0.prefix { $0 != pattern.separator }.description }, rules)
        }
    }

    private func accepts(_ value: JSONSlice, _ pattern: TextPattern, _ cursor: borrowing JSONCursor) -> Bool {
        value.hasEscapes
            ? pattern.accepts(Array(cursor.text(of: value).utf8).span)
            : pattern.accepts(cursor.bytes.extracting(value.content))
    }

    /// `5120` → `5000`.
    private static func magnitude(_ digits: String) -> [UInt8] {
        var isFirst = true
        return digits.utf8.map { digit in
            guard digit != UInt8(ascii: "-") else { return digit }
            defer { isFirst = false }
            return isFirst ? digit : UInt8(ascii: "0")
        }
    }

    private func searched(_ text: String, _ keeping: (String) -> String, _ rules: EventRules) -> Verdict {
        let kept = keeping(text)
        if let kind = rules.identities.finding(in: kept) { return .identity(kind) }
        return kept == text ? .kept : replaced(kept)
    }

    private func replaced(_ text: String) -> Verdict {
        var writer = JSONWriter(capacity: text.utf8.count + 2)
        writer.string(text)
        return .replaced(.json(writer.bytes))
    }

    /// Digits that fit into 64 bits, with or without a sign; read in place.
    private func isInteger(_ text: Range<Int>, in range: ClosedRange<Int64>, _ cursor: borrowing JSONCursor) -> Bool {
        // Eighteen digits always fit.
        guard text.count <= 18 else { return Int64(cursor.copyText(text)).map(range.contains) ?? false }
        let isNegative = cursor.bytes[text.lowerBound] == UInt8(ascii: "-")
        var number: Int64 = 0
        for index in (isNegative ? text.lowerBound + 1 : text.lowerBound)..<text.upperBound {
            let digit = cursor.bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            number = number * 10 + Int64(digit)
        }
        return range.contains(isNegative ? -number : number)
    }

    /// One spelling only: collectors compare ids byte by byte.
    private func isLowerCaseUUID(_ value: JSONSlice, _ cursor: borrowing JSONCursor) -> Bool {
        guard value.isString, !value.hasEscapes else { return false }
        return EventID(cursor.bytes, at: value.content)?.isSpelled(cursor.bytes, at: value.content) == true
    }
}

extension EventCheck {
    /// Why the event is refused, if it is; an identity weighs more than a field that nobody knows.
    package var refusal: RefusalReason? { violations.isEmpty ? nil : holdsIdentity ? .identity : .catalogue }

    /// Its replacements need the key of this installation.
    package var needsKey: Bool {
        replacements.contains { if case .keyedHash = $0.value { true } else { false } }
    }
}

/// Why events were refused, and so never recorded. The spellings are keys of `slstats status --json`: add, never rename.
package enum RefusalReason: String, Sendable, CaseIterable {
    /// A field that is not in it, or a value that it does not take.
    case catalogue
    /// An identity of a person, an account or a machine.
    case identity
    /// More in an hour than there may be.
    case rate
}
