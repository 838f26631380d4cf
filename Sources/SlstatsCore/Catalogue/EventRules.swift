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
