// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Runs tasks on an event loop instead of the pool that Swift shares.
///
/// That pool is libdispatch's, which looks after its threads once a second from the first one on, for ever: a daemon that
/// should sleep would not. It costs threads besides, for tasks that wait nearly always.
final class LoopTaskExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
