// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// The `params` of a request that is not on the hot path. Missing members are the caller's choice, wrong ones an error.
struct Params {
    private let json: JSON

    init(_ range: Range<Int>?, of line: Span<UInt8>) throws(ProtocolError) {
        guard let range else {
            json = [:]
            return
        }
        do throws(JSONError) {
            var cursor = JSONCursor(line, at: range.lowerBound)
            json = try JSON(reading: &cursor)
        } catch {
            throw .invalidParams("\(error)")
        }
    }

    func bool(_ name: String) throws(ProtocolError) -> Bool? {
        guard let value = json[name] else { return nil }
        guard let bool = value.bool else { throw .invalidParams("\(name) is neither true nor false") }
        return bool
    }

    func integer(_ name: String, in bounds: ClosedRange<Int64>) throws(ProtocolError) -> Int64? {
        guard let value = json[name] else { return nil }
        guard let integer = value.integer, bounds.contains(integer) else {
            throw .invalidParams("\(name) is not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return integer
    }

    func product(_ name: String) throws(ProtocolError) -> Product? {
        guard let value = json[name], value != .null else { return nil }
        guard let product = value.string.flatMap(Product.init) else {
            throw .invalidParams("\(name) is no NAME@VERSION such as serverless@3.38.0")
        }
        return product
    }

    /// `code`, as a notification could have it.
    func notificationCode() throws(ProtocolError) -> String {
        guard let code = json["code"]?.string, 1...Notification.maximumCodeBytes ~= code.utf8.count else {
            throw .invalidParams("code is not the code of a notification")
        }
        return code
    }

    /// `ids`: of events.
    func eventIDs() throws(ProtocolError) -> [EventID] {
        guard let values = json["ids"]?.array, 1...1000 ~= values.count else {
            throw .invalidParams("ids is no array of 1 to 1000 event ids")
        }
        var ids: [EventID] = []
        for value in values {
            guard let id = value.string.flatMap({ EventID($0) }) else {
                throw .invalidParams("\(value.serialized()) is no id of an event")
            }
            ids.append(id)
        }
        return ids
    }

    /// `shown`: how somebody has read the disclosure; `nil` if only asked about.
    func disclosureWay() throws(ProtocolError) -> DisclosureRecord.Way? {
        guard let value = json["shown"] else { return nil }
        guard let way = value.string.flatMap(DisclosureRecord.Way.init(rawValue:)), way != .notice else {
            throw .invalidParams("shown is none of command, told, enabled")
        }
        return way
    }

    func facts() throws(ProtocolError) -> Facts {
        guard let value = json["facts"] else { return Facts() }
        do throws(JSONError) {
            return try Facts(value)
        } catch {
            throw .invalidParams("facts: \(error)")
        }
    }
}
