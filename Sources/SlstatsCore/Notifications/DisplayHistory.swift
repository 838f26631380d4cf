// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
internal import SlstatsProtocol

/// When each notification was last shown: `shownNotificationsHistory` of the rc file, shared with the original.
package struct DisplayHistory: Sendable, Equatable {
    /// Notification code to Unix milliseconds.
    package private(set) var times: [String: Int64]

    package init(times: [String: Int64] = [:]) {
        self.times = times
    }

    /// Reads whatever stands there the way the original would (serverless-semantics, section 4.9, step 1).
    package init(_ json: JSON?) {
        times = [:]
        for member in json?.object?.members ?? [] {
            // ECMA-262, section 21.4.1.1: a time is within ±8.64e15 ms.
            guard let number = JavaScriptNumber.convert(member.value), abs(number) <= 8.64e15,
                let time = Int64(exactly: number.rounded(.towardZero)), time != 0
            else { continue }
            times[member.key] = time
        }
    }

    package func lastShown(_ code: String) -> Int64? { times[code].flatMap { $0 == 0 ? nil : $0 } }

    /// The later time wins.
    package mutating func merge(_ other: DisplayHistory) { times.merge(other.times) { max($0, $1) } }

    package mutating func show(_ code: String, at now: Int64) { times[code] = now }

    /// As if it had not been shown this time. Who reads the file takes 0 for never.
    package mutating func giveBack(_ code: String, to earlier: Int64?) {
        times[code] = earlier ?? 0
    }

    /// A time in the future comes from a clock that was wrong: it counts as now, or the notice would be gone for years.
    ///
    /// - Returns: whether anything had to be mended.
    package mutating func clamp(to now: Int64) -> Bool {
        let future = times.filter { $0.value > now }
        for code in future.keys { times[code] = now }
        return !future.isEmpty
    }

    package var json: JSON {
        .object(JSONObject(times.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }))
    }
}
