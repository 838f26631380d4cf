// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Everything that an event is held against.
package struct EventRules: Sendable {
    package let catalogue: Catalogue
    let identities: IdentityFilter

    package init(_ catalogue: Catalogue = .builtIn, identities: IdentityFilter = IdentityFilter()) {
        self.catalogue = catalogue
        self.identities = identities
    }
}

/// What is in the spool from before the rules of now, and has to be held against them when it leaves.
package struct Narrowing: Sendable {
    let rules: EventRules
    /// Events from this sequence number on were recorded under them.
    let end: UInt64

    package init(_ rules: EventRules, before end: UInt64) {
        self.rules = rules
        self.end = end
    }

    /// - Returns: `nil` if the event may leave as it is.
    func narrowed(_ event: SegmentContent.Event, in bytes: [UInt8]) -> [UInt8]? {
        guard event.sequence < end else { return nil }
        return StoredEvent.narrowed(bytes.span, at: event.json, rules: rules)
    }
}
