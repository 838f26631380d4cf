// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// What we want to know of an rc file. The rest, other programs' credentials, is validated and never copied.
package struct RcFileMembers: Sendable, Equatable {
    package var trackingDisabled: JSON?
    package var displayHistory: JSON?
    package var frameworkID: JSON?

    package static let trackingDisabledKey = "trackingDisabled"
    package static let displayHistoryKey = "shownNotificationsHistory"
    package static let frameworkIDKey = "frameworkId"

    package init(trackingDisabled: JSON? = nil, displayHistory: JSON? = nil) {
        self.trackingDisabled = trackingDisabled
        self.displayHistory = displayHistory
    }

    /// Only `false` and a missing member mean on.
    package var saysOn: Bool { trackingDisabled == nil || trackingDisabled == .bool(false) }

    /// - Throws: for anything but one strict JSON object.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var cursor = JSONCursor(bytes.span)
        guard try cursor.scanStrictDocument().kind == .object else {
            throw JSONError(.wrongKind(expected: .object), at: 0)
        }
        cursor = JSONCursor(bytes.span)
        var object = try cursor.enterObject()
        while let key = try cursor.nextKey(in: &object) {
            if cursor.string(key, equals: "trackingDisabled") {
                trackingDisabled = try JSON(reading: &cursor)
            } else if cursor.string(key, equals: "shownNotificationsHistory") {
                displayHistory = try JSON(reading: &cursor)
            } else if cursor.string(key, equals: "frameworkId") {
                frameworkID = try JSON(reading: &cursor)
            } else {
                _ = try cursor.scanValue()
            }
        }
    }
}
