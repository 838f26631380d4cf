// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import SlstatsCore
internal import SystemPackage

/// Tells the store the moment somebody changes a source of consent, so that a no stops a running flush without waiting
/// for the next request: inotify(7) on the folders, since a rename changes the file's inode.
///
/// Decisions do not rest on it: each looks at the files itself. While the kernel gives no watch (a user has 128 for all
/// programs) we look every second.
struct ConsentWatch: Service {
    private let store: Store
    private let group: any EventLoopGroup
    private let logger: Logger

    init(store: Store, group: any EventLoopGroup, logger: Logger) {
        self.store = store
        self.group = group
        self.logger = logger
    }

    func run() async throws {
        guard let descriptor = await openWatch() else { return }
        let channel = try await NIOPipeBootstrap(group: group)
            // An event with the longest name has to fit, or read(2) fails.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8 << 10))
            .channelInitializer { [store] channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ConsentWatchHandler(store: store, descriptor: descriptor)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor).get()
        try? await gracefulShutdown()
        try? await channel.close()
    }

    /// - Returns: `nil` if the daemon stops before there is one.
    private func openWatch() async -> CInt? {
        var isSaid = false
        while true {
            let descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
            if descriptor >= 0 { return descriptor }
            if !isSaid { logger.notice("no watch on the rc file yet", metadata: ["errno": "\(errno)"]) }
            isSaid = true
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
            } catch {
                return nil
            }
            store.consentMayHaveChanged()
        }
    }
}

/// Reads events and keeps the watches on the folders that matter now.
private final class ConsentWatchHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let store: Store
    private let descriptor: CInt
    private var sources = Consent.Sources()

    init(store: Store, descriptor: CInt) {
        self.store = store
        self.descriptor = descriptor
    }

    func handlerAdded(context: ChannelHandlerContext) { watch() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        var isRelevant = false
        while let event = InotifyEvent(reading: &buffer) {
            isRelevant =
                isRelevant || event.name.isEmpty || event.name.hasPrefix(".serverless")
                || sources.names.contains(event.name)
        }
        guard isRelevant else { return }
        watch()
        store.consentMayHaveChanged()
    }

    /// Watching what is watched already changes nothing; a folder that has gone took its watch with it.
    private func watch() {
        sources = store.assumeIsolated { $0.consent.sources() }
        for folder in sources.folders where inotify_add_watch(descriptor, folder.string, Self.events) < 0 {
            // Not there yet: its coming shows in the folder above.
            inotify_add_watch(descriptor, folder.removingLastComponent().string, Self.coming)
        }
    }

    private static let coming = UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_ONLYDIR) | UInt32(IN_MASK_ADD)
    private static let events =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_CREATE) | UInt32(IN_DELETE)
        | UInt32(IN_ATTRIB) | UInt32(IN_ONLYDIR)
}

/// `struct inotify_event` of inotify(7): watch, mask, cookie, length, then a name padded with NULs.
private struct InotifyEvent {
    /// Empty for an event of the folder itself, and for lost events.
    let name: String

    init?(reading buffer: inout ByteBuffer) {
        buffer.moveReaderIndex(forwardBy: min(12, buffer.readableBytes))
        guard let length = buffer.readInteger(endianness: .host, as: UInt32.self),
            let name = buffer.readBytes(length: Int(length))
        else { return nil }
        self.name = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }
}
