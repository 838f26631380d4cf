// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSONEdit {
    /// Whether a document is another one with nothing changed but the members at the given paths.
    ///
    /// Knows nothing of how the edit was made: the new document is read anew, strictly, and what is not at one of the
    /// paths has to be spelled as in the old one, in the same order. Asked before a file that holds other people's
    /// credentials is replaced.
    package static func isOnlyChanged(
        at paths: [[String]], from old: [UInt8], to new: [UInt8]
    ) -> Bool {
        do throws(JSONError) {
            var oldCursor = JSONCursor(old.span)
            var newCursor = JSONCursor(new.span)
            _ = try newCursor.scanStrictDocument()
            newCursor = JSONCursor(new.span)
            return try isSame(&oldCursor, &newCursor, except: paths.map { $0[...] })
        } catch {
            return false
        }
    }

    /// Compares two objects member by member; new members may follow the old ones.
    private static func isSame(
        _ old: inout JSONCursor, _ new: inout JSONCursor, except paths: [ArraySlice<String>]
    ) throws(JSONError) -> Bool {
        var oldObject = try old.enterObject()
        var newObject = try new.enterObject()
        var isBehindOld = false
        while let newKey = try new.nextKey(in: &newObject) {
            let name = new.text(of: newKey)
            let below = paths.filter { $0.first?.utf8.elementsEqual(name.utf8) == true }.map { $0.dropFirst() }
            let next = isBehindOld ? nil : try old.nextKey(in: &oldObject)
            guard let oldKey = next else {
                isBehindOld = true
                // Behind the old members: ours, or on the way to ours.
                guard !below.isEmpty else { return false }
                _ = try new.scanValue()
                continue
            }
            guard old.copyBytes(oldKey.range) == new.copyBytes(newKey.range) else { return false }
            let isOurs = below.contains { $0.isEmpty }
            if !isOurs, !below.isEmpty, old.current == UInt8(ascii: "{"), new.current == UInt8(ascii: "{") {
                guard try isSame(&old, &new, except: below) else { return false }
            } else {
                let oldValue = try old.scanValue()
                let newValue = try new.scanValue()
                guard isOurs || old.copyBytes(oldValue.range) == new.copyBytes(newValue.range) else { return false }
            }
        }
        guard !isBehindOld else { return true }
        return try old.nextKey(in: &oldObject) == nil
    }
}
