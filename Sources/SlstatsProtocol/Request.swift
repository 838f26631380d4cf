// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// One line from a client, read in place: everything in it is a range of the line's bytes.
///
/// JSON-RPC 2.0, section 4, one object a line. Unknown members are ignored; known ones may not come twice.
package struct Request: Sendable, Equatable {
    /// What the answer must carry; `nil` for a JSON-RPC notification, which gets no answer whatever happens.
    package let id: Range<Int>?
    package let method: Method
    /// An object, or `nil` if there were none.
    package let params: Range<Int>?

    /// A line that is no request, with whatever `id` could still be made out.
    package struct Failure: Error, Equatable {
        package let error: ProtocolError
        /// `nil`: answer with `"id":null`, as JSON-RPC 2.0, section 5, wants it.
        package let id: Range<Int>?
        /// A well-formed request without `id` whose method we do not know: done, not answered.
        package let isNotification: Bool
    }

    package init(parsing line: Span<UInt8>) throws(Failure) {
        var members = Members()
        do throws(JSONError) {
            try members.read(line)
        } catch {
            switch error.code {
            case .wrongKind, .duplicateKey:
                // Damage anywhere is a parse error, also behind what is wrong with the request.
                if let damage = Self.damage(line) { throw Self.notJSON(damage) }
                throw Self.invalid("not a JSON-RPC request: \(error)", id: members.validID)
            default:
                throw Self.notJSON(error)
            }
        }
        guard members.id == nil || members.validID != nil else {
            throw Self.invalid("id is neither a string, a number nor null", id: nil)
        }
        guard members.isVersion2 else { throw Self.invalid("jsonrpc is not \"2.0\"", id: members.validID) }
        guard let name = members.methodName else { throw Self.invalid("method is not a string", id: members.validID) }
        guard let method = members.method else {
            let error = ProtocolError(
                .methodNotFound, .unknownMethod, "there is no method \(JSON.string(name).serialized())")
            throw Failure(error: error, id: members.validID, isNotification: members.id == nil)
        }
        if let params = members.params, params.kind != .object {
            let error = ProtocolError.invalidParams("params is not an object")
            throw Failure(error: error, id: members.validID, isNotification: members.id == nil)
        }
        self.id = members.validID
        self.method = method
        self.params = members.params?.range
    }

    private static func damage(_ line: Span<UInt8>) -> JSONError? {
        var cursor = JSONCursor(line)
        do throws(JSONError) {
            _ = try cursor.scanDocument()
            return nil
        } catch {
            return error
        }
    }

    private static func notJSON(_ error: JSONError) -> Failure {
        Failure(error: ProtocolError(.parseError, .notJSON, "not JSON: \(error)"), id: nil, isNotification: false)
    }

    private static func invalid(_ message: String, id: Range<Int>?) -> Failure {
        Failure(error: ProtocolError(.invalidRequest, .notARequest, message), id: id, isNotification: false)
    }
}

/// The members of a request as they come, in any order.
private struct Members {
    var id: JSONSlice?
    var params: JSONSlice?
    var isVersion2 = false
    var method: Method?
    var methodName: String?

    /// JSON-RPC 2.0, section 4: a string, a number or null.
    var validID: Range<Int>? {
        guard let id else { return nil }
        return switch id.kind {
        case .string, .number, .null: id.range
        case .object, .array, .true, .false: nil
        }
    }

    mutating func read(_ line: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(line)
        if cursor.current == 0xef { throw JSONError(.byteOrderMark, at: 0) }
        var object = try cursor.enterObject()
        var hasVersion = false
        var hasMethod = false
        while let key = try cursor.nextKey(in: &object) {
            let value = try cursor.scanValue()
            if cursor.string(key, equals: "jsonrpc") {
                try once(&hasVersion, "jsonrpc", key)
                isVersion2 = value.isString && cursor.string(value, equals: "2.0")
            } else if cursor.string(key, equals: "id") {
                guard id == nil else { throw JSONError(.duplicateKey("id"), at: key.range.lowerBound) }
                id = value
            } else if cursor.string(key, equals: "method") {
                try once(&hasMethod, "method", key)
                guard value.isString else { continue }
                method = Method(value, in: cursor)
                methodName = method?.rawValue ?? cursor.text(of: value)
            } else if cursor.string(key, equals: "params") {
                guard params == nil else { throw JSONError(.duplicateKey("params"), at: key.range.lowerBound) }
                params = value
            }
        }
        try cursor.expectEnd()
    }

    private func once(_ seen: inout Bool, _ name: String, _ key: JSONSlice) throws(JSONError) {
        guard !seen else { throw JSONError(.duplicateKey(name), at: key.range.lowerBound) }
        seen = true
    }
}

extension Method {
    /// The commonest comes first; nothing is allocated for it.
    fileprivate init?(_ slice: JSONSlice, in cursor: borrowing JSONCursor) {
        if cursor.string(slice, equals: "record") {
            self = .record
        } else {
            self.init(rawValue: cursor.text(of: slice))
        }
    }
}
