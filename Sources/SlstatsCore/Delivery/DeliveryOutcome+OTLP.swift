// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol

extension DeliveryOutcome {
    /// What an answer says by the rules of OTLP/HTTP ("OTLP/HTTP Response"): only 429, 502, 503 and 504 are tried again, and
    /// a partial success is not.
    ///
    /// Who refuses us altogether (401, 403, 410, 451) is not asked again until somebody changes something, as everywhere;
    /// nor is a place that takes no logs (404, 405, 415). Nothing of it is lost.
    package init(otlpStatus status: Int, answer: [UInt8], retryAfter: Duration?) {
        switch status {
        case 200..<300: self = Self.success(answer, status)
        case 429, 502, 503, 504: self = .retryLater(delay: retryAfter, reason: "HTTP \(status)")
        case 401, 403, 404, 405, 410, 415, 451: self = .stop(reason: "HTTP \(status)")
        case 300..<400: self = DeliveryOutcome(status: status, answer: answer, retryAfter: retryAfter)
        default: self = .rejected(status: status)
        }
    }

    /// `ExportLogsServiceResponse`. One that is no JSON is a success all the same: the status stands.
    private static func success(_ answer: [UInt8], _ status: Int) -> Self {
        guard let partial = (try? JSON(parsing: answer))?["partialSuccess"] else {
            return .delivered(answer: answer, status: status)
        }
        // 64-bit integers are strings, and receivers have to take numbers as well.
        let count = partial["rejectedLogRecords"]
        let rejected = max(0, count?.integer ?? count?.string.flatMap { Int64($0) } ?? 0)
        let message = PrintableText.sanitizeLine(String((partial["errorMessage"]?.string ?? "").prefix(200)))
        // Without a number it is a warning, without either it says nothing.
        guard rejected > 0 || !message.isEmpty else { return .delivered(answer: answer, status: status) }
        return .partlyDelivered(
            answer: answer, status: status, rejected: Int(clamping: rejected), message: message)
    }
}
