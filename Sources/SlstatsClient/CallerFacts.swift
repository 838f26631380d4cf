// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON
package import SlstatsProtocol

extension Facts {
    /// Draws the conclusions that travel to the daemon; the variables themselves stay here.
    package init(_ environment: CallerEnvironment, projectFolder: String = ".") {
        self.init()
        off = Self.switchesOff(environment, projectFolder: projectFolder)
        let ci = CIDetection(environment)
        ciName = ci.isCI ? ci.name ?? "unknown" : nil
        notificationsMode = NotificationsMode(
            variable: environment.variable("SLS_NOTIFICATIONS_MODE"), isCI: ci.isCI)
        isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        stage = environment.stage ?? .production
        home = environment.homeIdentity
    }

    /// What says no on the caller's side: all that `record` has to know.
    package static func switchesOff(_ environment: CallerEnvironment, projectFolder: String = ".") -> [String] {
        OffSwitch.allCases
            .filter { $0.isOff(value: $0.value(in: environment, projectFolder: projectFolder)) }
            .map(\.rawValue)
    }
}

extension OffSwitch {
    /// What the switch is set to, as a person would recognise it; `nil` if it is not there.
    package func value(in environment: CallerEnvironment, projectFolder: String = ".") -> String? {
        switch self {
        case .telemetryDisabled, .trackingDisabled, .doNotTrack, .unknownStage: environment.variable(rawValue)
        case .projectRcFile:
            environment.stage.flatMap { stage in
                let path = projectFolder + "/" + stage.rcFileName
                // In the home it is the user's own file, which is the daemon's to read.
                guard access(path, F_OK) == 0, !environment.isHome(projectFolder) else { return nil }
                return Self.trackingDisabled(inProjectFile: path)
            }
        }
    }

    /// The file's `trackingDisabled`; `false` where the file is there and does not mention it.
    /// A file that cannot be read or understood is doubt, and doubt means off.
    private static func trackingDisabled(inProjectFile path: String) -> String {
        guard let bytes = read(path), let json = try? JSON(parsing: bytes), json.object != nil else {
            return "unreadable"
        }
        guard let value = json["trackingDisabled"] else { return "false" }
        return value.serialized()
    }

    /// At most 1 MiB: a larger one is no rc file.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let limit = 1 << 20
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
