// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsProtocol

/// What the fast path made of the arguments.
enum FastPath: Equatable {
    /// Understood to the last word. Only then may anything be sent.
    case handle(HotCommand)
    /// Anything else, however small. The full parser starts from the untouched arguments.
    case decline

    init(_ arguments: [String]) {
        let rest = arguments.dropFirst()
        switch arguments.first {
        case "record": self = Self.record(rest)
        case "notifications": self = Self.notifications(rest)
        default: self = .decline
        }
    }

    private static func record(_ words: ArraySlice<String>) -> FastPath {
        var input = RecordInput()
        var words = words
        while let word = words.popFirst() {
            switch word {
            case "--sync": input.isSynced = true
            case "--strict": input.isStrict = true
            case "--payload":
                // Stdin, a second payload, and a value that looks like an option are the full parser's.
                guard let payload = words.popFirst(), !payload.hasPrefix("-"), input.payload == nil else {
                    return .decline
                }
                input.payload = payload
            default:
                guard !word.hasPrefix("-") else { return .decline }
                input.words.append(word)
            }
        }
        return .handle(.record(input))
    }

    private static func notifications(_ words: ArraySlice<String>) -> FastPath {
        var run = NotificationsRun()
        var words = words
        while let word = words.popFirst() {
            switch word {
            case "--peek": run.isPeek = true
            case "--at-prompt": run.isAtPrompt = true
            case "--for":
                guard let product = words.popFirst().flatMap({ Product($0) }), run.caller == nil else {
                    return .decline
                }
                run.caller = product
            default: return .decline
            }
        }
        return .handle(.notifications(run))
    }
}
