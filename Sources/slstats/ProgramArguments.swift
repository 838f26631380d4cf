// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The words of the command line, exactly as they were given.
enum ProgramArguments {
    /// Without the program's name; `nil` if a word is not UTF-8, since Swift's own list would quietly mend it.
    static func read() -> [String]? {
        var words: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index], let text = String(validatingCString: word) else {
                return nil
            }
            words.append(text)
        }
        return words
    }

    static func refuseEncoding() -> Never {
        let isRecord = CommandLine.arguments.dropFirst().first == "record"
        if isRecord && !CommandLine.arguments.contains("--strict") { exit(ExitStatus.success.rawValue) }
        Output.message("slstats: an argument is not UTF-8")
        exit(ExitStatus.usage.rawValue)
    }
}
