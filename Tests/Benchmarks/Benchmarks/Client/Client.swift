// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import SlstatsClient

/// What a program written in Swift pays that asks through the library instead of starting `slstats`: a call is a
/// connection, a request and an answer. `Tests/Bench/client` starts the daemon and says where it is.
let benchmarks: @Sendable () -> Void = {
    let event = #"{"command":"info","versions":{"serverless":"3.38.0"},"commandDurationMs":1200}"#
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal], warmupIterations: 100, maxDuration: .seconds(5), maxIterations: 2000)

    Benchmark("record") { benchmark in
        let client = try SlstatsClient()
        benchmark.startMeasurement()
        guard case .recorded = try client.record(event: event) else { return benchmark.error("telemetry is off") }
    }

    Benchmark("record, synced") { benchmark in
        let client = try SlstatsClient(deadline: .seconds(5))
        benchmark.startMeasurement()
        guard case .recorded = try client.record(event: event, isSynced: true) else {
            return benchmark.error("telemetry is off")
        }
    }

    Benchmark("notifications") { benchmark in
        let client = try SlstatsClient()
        benchmark.startMeasurement()
        blackHole(try client.claimNotification())
    }
}
