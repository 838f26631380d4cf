// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore

private let changes: [(path: [String], value: JSON, foundation: any Sendable)] = [
    (["trackingDisabled"], true, true), (["trackingDisabled"], false, false),
    (["shownNotificationsHistory", "A\"\\é"], 1_700_000_000_000, 1_700_000_000_000),
    (["frameworkId"], "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
]

/// A change in the rc file, whose other members are somebody's credentials. A parser that is none of ours, Foundation's,
/// sees the old document and the change, and nothing else. The first byte says which change.
func editRcFile(_ bytes: [UInt8]) {
    let change = changes[Int(bytes.first ?? 0) % changes.count]
    let old = Array(bytes.dropFirst())
    let members = try? RcFileMembers(parsing: old)
    guard var edit = try? JSONEdit(old) else {
        demand(members == nil, "members of what cannot be edited")
        return
    }
    demand(members != nil, "no members of what can be edited")
    guard (try? edit.set(change.path, to: change.value)) != nil else { return }
    let new = edit.bytes
    demand(JSONEdit.isOnlyChanged(at: [change.path], from: old, to: new), "not proven")
    demand((try? JSON(parsing: new))?.value(at: change.path) == change.value, "not changed")
    if change.path == ["trackingDisabled"] {
        demand((try? RcFileMembers(parsing: new))?.saysOn == (change.value == false), "says something else")
    }
    // Foundation refuses some numbers and depths that strict JSON has; of the others it knows the meaning.
    guard var expected = object(old) else { return }
    set(change.foundation, at: change.path[...], in: &expected)
    guard let found = object(new) else { fatalError("Foundation does not read it any more") }
    demand(isEqual(found, expected), "to Foundation something else has changed")
}

private func object(_ bytes: [UInt8]) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
}

private func set(_ value: Any, at path: ArraySlice<String>, in object: inout [String: Any]) {
    guard let key = path.first else { return }
    if path.count == 1 {
        object[key] = value
    } else {
        var inner = object[key] as? [String: Any] ?? [:]
        set(value, at: path.dropFirst(), in: &inner)
        object[key] = inner
    }
}

/// By meaning, numbers by their value.
private func isEqual(_ a: Any, _ b: Any) -> Bool {
    switch (a, b) {
    case (let a as [String: Any], let b as [String: Any]):
        a.count == b.count && a.allSatisfy { key, value in b[key].map { isEqual(value, $0) } ?? false }
    case (let a as [Any], let b as [Any]): a.count == b.count && zip(a, b).allSatisfy(isEqual)
    case (let a as String, let b as String): a.utf8.elementsEqual(b.utf8)
    case (is NSNull, is NSNull): true
    case (let a as Bool, let b as Bool): a == b
    case (let a as NSNumber, let b as NSNumber): a == b || a.doubleValue.isNaN && b.doubleValue.isNaN
    default: "\(a)" == "\(b)"
    }
}

extension JSON {
    fileprivate func value(at path: [String]) -> JSON? { path.reduce(self as JSON?) { $0?[$1] } }
}
