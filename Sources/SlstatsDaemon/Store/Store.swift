// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

/// Owns every file of ours and applies the rules to them, one request after the other.
///
/// It runs on the event loop of the socket: a connection calls it without a hop, and since no method awaits anything,
/// nothing comes between a check and what rests on it ("off" and "record" above all). What takes time goes elsewhere and
/// comes back as a new call: fdatasync to a helper thread, deliveries to ``Flusher``.
actor Store {
    let loop: any EventLoop
    let configuration: DaemonConfiguration
    let clock: WallClock
    let logger: Logger
    let startedAt = NIODeadline.now()
    var random: RandomSource

    var spool: Spool
    var rcFile: RcFile
    let rcFilePath: String
    /// The rc file could not be told of a `--disable`; the no holds while this daemon runs.
    var isDisableUnsaved = false
    let catalogue: Catalogue

    // Recording (this file)
    private var isStagedUrgent = false

    // Stable storage (Store+Sync)
    let syncThread: NIOThreadPool
    var syncTimer: Scheduled<Void>?
    var isSyncing = false
    var syncWaiters: [EventLoopPromise<Void>] = []

    // Delivery (Store+Delivery)
    nonisolated let exportRequests: AsyncStream<Void>
    let exportRequest: AsyncStream<Void>.Continuation
    var flushMachine: FlushStateMachine
    /// Set when a flush begins: it sends what is pending then, and not what comes while it runs.
    var isSealDue = false
    var flushTimer: Scheduled<Void>?
    var flushDueAt: Int64?
    var flushWaiters: [FlushWaiter] = []
    var disableWaiters: [EventLoopPromise<Void>] = []
    var runningExport: (batch: SealedBatch, cancellation: AsyncStream<Never>.Continuation)?
    var lastFlush: (at: Int64, outcome: String)?
    /// Set when a batch of the running flush was rejected.
    var worstOutcome: DeliveryOutcome?

    // Notifications (Store+Notifications)
    var notifications: NotificationCache
    var history = DisplayHistory()
    /// What the rc file could not be told.
    var unsavedHistory = DisplayHistory()

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// The seams: files, clock and random numbers come from outside (architecture.md, section 5).
    init(
        configuration: DaemonConfiguration, places: DaemonPlaces, loop: any EventLoop, syncThread: NIOThreadPool,
        files: any FileSystem, clock: WallClock, random: RandomSource, logger: Logger
    ) throws {
        self.loop = loop
        self.configuration = configuration
        self.clock = clock
        self.random = random
        self.logger = logger
        self.syncThread = syncThread
        catalogue = .builtIn
        spool = try Spool(
            state: places.state, limits: configuration.spool, files: files, clock: clock, random: random)
        rcFile = RcFile(home: places.home, userID: places.userID, files: files, clock: clock, random: random)
        rcFilePath = rcFile.path?.string ?? "~/.serverlessrc"
        notifications = NotificationCache(state: places.state, files: files)
        flushMachine = FlushStateMachine(thresholds: configuration.flush, backoff: Backoff(random: random))
        (exportRequests, exportRequest) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - Consent

    /// Decided for every request, from its facts and the rc file as it is now.
    func decide(_ facts: Facts) -> ConsentDecision {
        ConsentDecision(
            facts: facts, rcFile: rcFile.read(), rcFilePath: rcFile.path?.string ?? rcFilePath,
            isDisableUnsaved: isDisableUnsaved)
    }

    // MARK: - Recording

    /// What became of one `record` before anything is written.
    enum Staged {
        case event(EventID)
        case off(decidedBy: String)
    }

    /// Decides and checks one event and puts it into the buffer of the next ``commitStaged()``.
    func stage(_ params: RecordParams, of line: Span<UInt8>) throws(ProtocolError) -> Staged {
        let decision = decide(params.facts)
        guard decision.isEnabled else {
            obeyRcFile()
            return .off(decidedBy: decision.decidedBy)
        }
        let check = EventCheck(line, at: params.event, catalogue: catalogue)
        guard check.violations.isEmpty else { throw Self.refusal(check.violations) }
        if let id = params.id, let own = check.id, id != own {
            throw .invalidParams("the event's id and the request's id differ")
        }
        let id = params.id ?? check.id ?? EventID(using: &random)
        let event = StoredEvent.make(line, at: params.event, check: check, id: id, timestamp: clock.milliseconds)
        guard event.count <= configuration.spool.maximumEventBytes else {
            throw ProtocolError(
                .refused, .tooLarge,
                "the event has \(event.count) bytes, the limit is \(configuration.spool.maximumEventBytes)")
        }
        spool.stage(event)
        isStagedUrgent = isStagedUrgent || check.isUrgent
        return .event(id)
    }

    /// One write for everything staged since the last call. Nobody is told "recorded" before it has returned.
    func commitStaged() throws(ProtocolError) {
        let isUrgent = isStagedUrgent
        isStagedUrgent = false
        do throws(SpoolError) {
            try spool.commit()
        } catch {
            throw ProtocolError(.refused, error.code == .full ? .spoolFull : .spoolUnavailable, error.description)
        }
        armSyncTimer()
        perform(flushMachine.eventsRecorded(pending: newlyPendingTotals, isUrgent: isUrgent))
    }

    private static func refusal(_ violations: [EventCheck.Violation]) -> ProtocolError {
        let sentences = violations.prefix(8).map { "\($0.field) \($0.problem)" }
        return ProtocolError(
            .refused, .eventRefused, "event refused: " + sentences.joined(separator: "; "),
            fields: violations.map(\.field))
    }

    // MARK: - Start and stop

    /// Called once when requests can come in: what earlier runs left is due some time.
    func start() {
        perform(flushMachine.started(pending: pendingTotals))
    }

    /// Puts everything on stable storage; called when no connection is left.
    func stop() {
        flushTimer?.cancel()
        syncTimer?.cancel()
        exportRequest.finish()
        guard let work = spool.beginSync() else { return }
        do throws(FileError) {
            try work.run()
            spool.endSync(work, succeeded: true)
        } catch {
            logger.error("last sync failed", metadata: ["error": "\(error)"])
            spool.endSync(work, succeeded: false)
        }
    }
}
