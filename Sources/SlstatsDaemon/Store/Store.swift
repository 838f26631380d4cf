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
/// It runs on the event loop of the socket: a connection calls it without a hop, and since no method awaits anything but
/// ``nextExport()``, which looks again behind it, nothing comes between a check and what rests on it ("off" and "record"
/// above all). What takes time goes elsewhere and comes back as a new call: fdatasync and reading batches to other
/// threads, deliveries to ``Flusher``.
actor Store {
    let loop: any EventLoop
    /// As it was read.
    var configured: DaemonConfiguration
    /// What holds of it beside the policy (Store+Policy).
    var configuration: DaemonConfiguration
    var policyRules = PolicyRules()
    var rateLimit: RateLimit?
    var senderLimits: SenderLimits
    /// So much of it was taken for what is not written yet.
    var stagedRate = 0

    // What has to be told before anything leaves (Store+Disclosure)
    var disclosures: DisclosureRecord
    /// It has not been shown yet.
    var isUndisclosed = false
    /// Set while whoever claimed it may not have read it.
    var unsettledDisclosure: Scheduled<Void>?

    /// Why the policy's collector cannot be used.
    var policyProblem: String?
    /// When it was found so the last time, in steady milliseconds.
    var policyCollectorTriedAt: Int64 = 0
    let clock: WallClock
    let logger: Logger
    /// What the service manager shows of us.
    let report: @Sendable (String) -> Void
    let startedAt = NIODeadline.now()
    let connections = Connections(limit: Connections.limit())
    var random: RandomSource

    var spool: Spool
    var rules: EventRules
    /// What earlier runs and earlier rules have left.
    var narrowing: Narrowing?
    var rulesMark: RulesMark
    let identities: IdentityFilter
    var installationKey: InstallationKey
    var identityRotation: IdentityRotation

    // Consent (Store+Consent, Store+Switch)
    var consent: Consent
    /// Stages that pending events were recorded under: a no in any of their rc files stops them all.
    var recordedStages: Set<PlatformStage> = []
    /// What a no still has to do is tried again, at growing intervals.
    var debtTimer: Scheduled<Void>?
    var debtDelay = Store.firstDebtDelay
    /// Pending events that a no could not discard yet.
    var isDiscardOwed = false
    var discardReason = DropReason.telemetryDisabled
    /// Counts the turns of each stage's switch: whoever waits for an earlier one to settle stops when it changes.
    var switchTurns: [PlatformStage: Int] = [:]

    // Recording (Store+Recording)
    var knownFacts: (bytes: [UInt8], facts: Facts)?
    /// Of the events in the spool's buffer; `nil` if nothing is to be written.
    var stagedFacts: Facts?
    var isStagedUrgent = false
    var commitSync: EventLoopFuture<Void>?
    var stagers: [NIOLoopBound<ConnectionHandler>] = []
    /// What callers call their events: a retry is not recorded again.
    var recentIDs = RecentIDs()
    var stagedIDs: [EventID] = []
    /// Why the last event could not be kept, or is kept in memory only.
    var spoolProblem: String?

    // Stable storage (Store+Sync)
    let syncThread: NIOThreadPool
    var syncTimer: Scheduled<Void>?
    var isSyncing = false
    /// Until the next sync; longer while syncs fail.
    var syncDelay = Store.syncInterval
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
    var runningExport: RunningExport?
    var exportEndWaiters: [EventLoopPromise<Void>] = []
    /// Since it was sent something has changed what may leave, or where to.
    var isRedirected = false
    /// How often ``narrowing`` has changed, by which a batch read before is known.
    var narrowingChanges = 0
    /// The batch behind it.
    var readAhead: (batch: BatchID, outcome: EventLoopFuture<BatchReading.Outcome?>)?
    /// What left, and is not in the record yet.
    var unkeptSent: [UnkeptRequest] = []
    var sentKeeping: EventLoopFuture<Void>?
    nonisolated let sentRecord: SentKeeper
    /// Why the last of it could not be kept.
    var sentProblem: String?
    /// Files of delivered batches are being removed.
    var removal: EventLoopFuture<[SegmentName]>?
    /// How far a batch has come that takes several requests; kept while the collector is not reachable.
    var deliveryPlan: (batch: BatchID, plan: DeliveryPlan)?
    /// A request of so many bytes is too large for this collector.
    var refusedBytes = Int.max
    var lastFlush: (at: Int64, outcome: String)?
    /// Set when something of the running flush was rejected.
    var worstOutcome: DeliveryOutcome?
    var expiryTimer: Scheduled<Void>?
    /// Nothing more is sent in this life.
    var isStopping = false
    /// Somebody wants nothing to leave for the time being.
    var hold: Hold
    /// They want it again, as soon as the delivery that was running has ended.
    var isReleased = false

    // The end without a signal (Store+Idle)
    var idleTimer: Scheduled<Void>?
    /// Ends when nobody needs the daemon any more.
    nonisolated let idleEnds: AsyncStream<Void>
    let idleEnd: AsyncStream<Void>.Continuation

    // Notifications (Store+Notifications, Store+Feed)
    var notifications: NotificationCache
    var preferences: NotificationPreferences
    var feed: NotificationFeed?
    /// The file and its signature as they were read last.
    var feedIdentities: [FileStatus.Identity?] = []
    var isFeedRunning = false
    nonisolated let feedRequests: AsyncStream<FeedFetcher.Request>
    let feedRequest: AsyncStream<FeedFetcher.Request>.Continuation
    let files: any FileSystem
    let state: FilePath
    var promptSchedulePath: FilePath { state.appending("notifications-due") }
    /// As it stands there; `nil` before the first time.
    var promptMoment: String?
    var ownHistory: OwnDisplayHistory

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// The seams: files, clock and random numbers come from outside (architecture.md, section 5).
    init(
        configuration: DaemonConfiguration, places: DaemonPlaces, loop: any EventLoop, syncThread: NIOThreadPool,
        files: any FileSystem, clock: WallClock, random: RandomSource, logger: Logger,
        report: @escaping @Sendable (String) -> Void
    ) throws {
        self.loop = loop
        configured = configuration
        self.configuration = configuration
        self.clock = clock
        self.random = random
        self.logger = logger
        self.report = report
        self.syncThread = syncThread
        identities = IdentityFilter(places.identities)
        rules = EventRules(.builtIn, identities: identities)
        disclosures = DisclosureRecord(state: places.state, files: files)
        senderLimits = SenderLimits(perHour: configuration.senderEventsPerHour, now: clock.steadyMilliseconds)
        rulesMark = RulesMark(state: places.state, files: files)
        hold = Hold(state: places.state, files: files)
        identityRotation = IdentityRotation(state: places.state, files: files)
        installationKey = InstallationKey(state: places.state, files: files)
        spool = try Spool(
            state: places.state, limits: configuration.spool, files: files, clock: clock, random: random)
        sentRecord = SentKeeper(
            SentRecord(state: places.state, limits: configuration.sent, files: files, clock: clock))
        consent = Consent(
            places.consent, mode: configuration.consentMode, files: files, clock: clock, random: random)
        notifications = NotificationCache(state: places.state, files: files)
        preferences = NotificationPreferences(state: places.state, files: files)
        ownHistory = OwnDisplayHistory(state: places.state, files: files)
        feed = configuration.feed.source.map { NotificationFeed($0, state: places.state, files: files) }
        (feedRequests, feedRequest) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.files = files
        state = places.state
        flushMachine = FlushStateMachine(thresholds: configuration.flush, backoff: Backoff(random: random))
        (exportRequests, exportRequest) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (idleEnds, idleEnd) = AsyncStream.makeStream()
    }

    // MARK: - Start and stop

    /// Called once before requests come in: what earlier runs left is due some time, unless somebody has said no since.
    func start() {
        policyRules = consent.readPolicy().rules
        combine()
        tidyConsent()
        // Which of them the events are from nobody has written down.
        recentIDs = spool.recentIDs()
        armExpiryTimer()
        if spool.hasUnsynced { armSyncTimer() }
        if spool.pendingEvents > 0 { recordedStages = consent.stagesOnDisk().union([.production]) }
        obeyConsent()
        if isDeliveryPossible { perform(flushMachine.started(pending: pendingTotals)) }
        if case .file(let path) = configuration.feed.place { readFeed(path) }
        schedulePrompt()
        expireSent()
        rotateIdentityIfDue()
    }

    /// Puts everything on stable storage; called when no connection is left.
    func stop() async {
        _ = commitStaged()
        await keepSent()
        flushTimer?.cancel()
        syncTimer?.cancel()
        debtTimer?.cancel()
        consent.settleDebts()
        expiryTimer?.cancel()
        idleTimer?.cancel()
        unsettledDisclosure?.cancel()
        exportRequest.finish()
        try? spool.accountForSettled()
        spool.removeAccountedFor()
        spool.saveRefusals()
        saveRate()
        // Once more for what the first one has written to another file.
        for _ in 0..<2 {
            guard let work = spool.beginSync() else { return }
            let outcome = work.run()
            if let error = outcome.error { logger.error("last sync failed", metadata: ["error": "\(error)"]) }
            guard spool.endSync(work, outcome) else { return }
        }
    }
}
