// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsClient
internal import SlstatsProtocol

/// `slstats record`: one request, or none at all if telemetry is off on this side.
struct RecordRun {
    let input: RecordInput

    func run(_ environment: CallerEnvironment) -> ExitStatus {
        let event: [UInt8]
        do {
            event = try input.event()
        } catch {
            return fail(.usage, error.description)
        }
        // A no on this side: no socket, no daemon, nothing.
        guard Facts.switchesOff(environment).isEmpty else { return .success }
        do {
            let deadline: Duration = input.isSynced ? max(.seconds(5), environment.deadline) : environment.deadline
            let client = try SlstatsClient(environment: environment, launcher: .besideThisProgram(), deadline: deadline)
            _ = try client.record(event: event, durability: input.isSynced ? .synced : .accepted)
            return .success
        } catch {
            return fail(ExitStatus(error), error.description)
        }
    }

    private func fail(_ status: ExitStatus, _ message: String) -> ExitStatus {
        guard input.isStrict else { return .success }
        Output.message("slstats record: \(message)")
        return status
    }
}
