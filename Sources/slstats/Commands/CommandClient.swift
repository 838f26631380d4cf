// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Asks the daemon for the commands that people type: patient, and with the caller's facts.
struct CommandClient {
    let client: SlstatsClient
    let facts: Facts

    init() throws(SlstatsClientError) {
        client = try SlstatsClient(
            environment: .process, launcher: .besideThisProgram(),
            deadline: max(.seconds(5), CallerEnvironment.process.deadline))
        facts = Facts(.process)
    }

    /// Nobody sits at the terminal, if there is one.
    var isCI: Bool { facts.ciName != nil }

    func call(
        _ method: Method, deadline: Duration? = nil, params: (inout JSONWriter) -> Void = { $0.value([:]) }
    ) throws(SlstatsClientError) -> JSON {
        try client.call(method, deadline: deadline, params: params)
    }

    /// The same, with what this shell says as the only parameter.
    func callWithFacts(_ method: Method) throws(SlstatsClientError) -> JSON {
        try call(method) { writer in
            writer.beginObject()
            writer.key("facts")
            facts.write(to: &writer)
            writer.endObject()
        }
    }

    func print(_ json: JSON) throws { try Self.print(json) }

    static func print(_ json: JSON) throws { try print(PrintableText.escapeJSON(json.prettyPrinted())) }

    func print(_ text: String) throws { try Self.print(text) }

    static func print(_ text: String) throws {
        guard Output.data(text + "\n") else { throw ExitCode(ExitStatus.tryLater.rawValue) }
    }
}
