// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Logging
internal import NIOCore

/// The receiving end: keeps what daemons send, and answers with notifications (interface.md, section 5).
package struct Collector {
    /// A batch of ours is 512 KiB at most; the original's can be larger.
    package static let maximumBodyBytes = 8 << 20

    private let store: EventStore
    private let notifications: NotificationFile
    private let logger: Logger

    package init(store: EventStore, notifications: NotificationFile, logger: Logger) {
        self.store = store
        self.notifications = notifications
        self.logger = logger
    }

    /// - Parameter onListening: called with the port, which the system chooses if it was given as 0.
    package func application(
        host: String, port: Int, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            responder: CollectorResponder(store: store, notifications: notifications, logger: logger),
            configuration: .init(address: .hostname(host, port: port), serverName: "slstats-collector"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) },
            logger: logger)
    }
}
