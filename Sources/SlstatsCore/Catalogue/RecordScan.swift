// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// A `record` in the order in which clients write it, taken apart and held against the catalogue in one pass.
///
/// Anything else, however small the difference, is left to ``Request`` and ``RecordParams``, which take any order and
/// have words for what is wrong. Both ways come to the same for whatever this one takes; a test holds them to it.
package struct RecordScan: ~Copyable {
    /// The request's `id` as it is spelled; `nil` if there is none.
    package private(set) var id: Range<Int>?
    package let params: RecordParams
    package let check: EventCheck

    package init?(_ line: Span<UInt8>, rules: EventRules) {
        do throws(JSONError) {
            var cursor = JSONCursor(line)
            var request = try cursor.enterObject()
            guard let version = try cursor.nextKey(in: &request), cursor.string(version, equals: "jsonrpc"),
                try cursor.scansString("2.0"), var key = try cursor.nextKey(in: &request)
            else { return nil }
            if cursor.string(key, equals: "id") {
                let value = try cursor.scanValue()
                guard value.isString || value.kind == .number, let next = try cursor.nextKey(in: &request) else {
                    return nil
                }
                id = value.range
                key = next
            }
            guard cursor.string(key, equals: "method"), try cursor.scansString("record"),
                let last = try cursor.nextKey(in: &request), cursor.string(last, equals: "params"),
                let (params, check) = try Self.params(&cursor, rules), try cursor.nextKey(in: &request) == nil
            else { return nil }
            try cursor.expectEnd()
            self.params = params
            self.check = check
        } catch {
            return nil
        }
    }

    private static func params(
        _ cursor: inout JSONCursor, _ rules: EventRules
    ) throws(JSONError) -> (RecordParams, EventCheck)? {
        var object = try cursor.enterObject()
        guard let key = try cursor.nextKey(in: &object), cursor.string(key, equals: "event") else { return nil }
        let start = cursor.position
        let check = try EventCheck(&cursor, rules)
        guard check.violations.isEmpty else { return nil }
        var params = RecordParams(event: start..<cursor.position)
        while let key = try cursor.nextKey(in: &object) {
            let value = try cursor.scanValue()
            guard params.take(key, value, in: cursor) else { return nil }
        }
        return (params, check)
    }
}

extension JSONCursor {
    /// Moves behind a string, and says whether it is this one.
    fileprivate mutating func scansString(_ text: StaticString) throws(JSONError) -> Bool {
        let value = try scanValue()
        return value.isString && string(value, equals: text)
    }
}
