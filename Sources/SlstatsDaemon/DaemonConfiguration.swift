// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SlstatsProtocol
package import SystemPackage

/// Everything that can be set, with its defaults. Where the values come from is in ``ConfigurationSources``.
package struct DaemonConfiguration: Sendable, Equatable {
    /// Without a URL in it nothing leaves the machine.
    package var collector = CollectorSettings()
    /// Without a place in it nothing is fetched.
    package var feed = FeedSettings()
    package var spool = SpoolLimits()
    package var flush = FlushStateMachine.Thresholds()
    /// How much of what left is kept, so that it can be looked at.
    package var sent = SentRecord.Limits()
    /// What holds while the user has said nothing.
    package var consentMode = ConsentMode.on
    /// Who tells people before anything leaves.
    package var disclosure = DisclosureMode.required
    /// Of each program. More than any has that does not loop.
    package var senderEventsPerHour = 10_000
    /// After this time the installation's id is made anew; `nil` is never.
    package var identityPeriod: Duration?
    package var idle = IdleSettings()
    package var catalogue = CatalogueSettings()

    package init() {}
}

/// `consent.disclosure`.
package enum DisclosureMode: String, Sendable {
    /// Nothing leaves until slstats has shown its own text.
    case required
    /// The CLI tells its users itself.
    case vendor
}

/// When a daemon that nobody needs ends; the next client brings it back.
package struct IdleSettings: Sendable, Equatable {
    /// Without a connection and with nothing pending; `nil` is never.
    package var exitAfter: Duration? = .seconds(300)

    package init() {}
}

/// Where a daemon keeps its things, found from the environment rather than configured.
package struct DaemonPlaces: Sendable {
    package let consent: Consent.Surroundings
    package let socket: SocketLocation
    /// What may be in no event; looked up once, kept in memory only.
    package let identities: [Identity]

    package var state: FilePath { consent.state }
    package var userID: UInt32 { consent.userID }

    package init(consent: Consent.Surroundings, socket: SocketLocation, identities: [Identity] = []) {
        self.consent = consent
        self.socket = socket
        self.identities = identities
    }
}
