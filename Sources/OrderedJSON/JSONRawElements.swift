// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension JSONCursor {
    /// The elements of an array somewhere in a document, each as its own bytes.
    ///
    /// For handing values on: reading and writing them anew would change their spelling.
    ///
    /// - Parameter path: keys of objects from the root to the array.
    /// - Returns: nothing if there is no array there.
    package static func rawElements(at path: [String], in document: [UInt8]) throws(JSONError) -> [[UInt8]] {
        var cursor = JSONCursor(document.span)
        for name in path {
            var object = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &object) {
                if cursor.text(of: key) == name { break }
                _ = try cursor.scanValue()
            }
        }
        guard cursor.current == UInt8(ascii: "[") else { return [] }
        var array = try cursor.enterArray()
        var elements: [[UInt8]] = []
        while try cursor.nextElement(in: &array) { elements.append(cursor.copyBytes(try cursor.scanValue().range)) }
        return elements
    }
}
