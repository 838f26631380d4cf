// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Something that tells a person, a machine or an account from others, and may be in no event.
package struct Identity: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case loginName = "login name"
        case fullName = "full name"
        case hostName = "host name"
        case homeFolder = "home folder"
        case emailAddress = "e-mail address"
        case secret = "secret"
        // What is known by its form alone, so that nobody has to read it (faults.md, F167).
        case networkAddress = "network address"
        case machineID = "machine id"
    }

    package let kind: Kind
    package let text: String

    /// - Returns: `nil` for what says nothing of anybody, or is too short to tell it from a part of something else.
    package init?(_ kind: Kind, _ text: String) {
        let minimum = kind == .secret ? 8 : 3
        guard text.unicodeScalars.count >= minimum, !Self.generic.contains(text.lowercased()) else { return nil }
        guard text.contains(where: { $0.isLetter || $0.isNumber }) else { return nil }
        self.kind = kind
        self.text = text
    }

    /// Accounts and machines of that name are everywhere; to refuse the words would cost every event of theirs.
    private static let generic: Set = [
        "admin", "administrator", "app", "build", "builder", "buildkite-agent", "centos", "circleci", "cloud",
        "codespace",
        "container", "debian", "deploy", "deployer", "dev", "developer", "docker", "ec2-user", "fedora", "git",
        "github",
        "gitlab-runner", "gitpod", "guest", "home", "host", "jenkins", "lambda", "linux", "local", "localdomain",
        "localhost", "node", "nobody", "ops", "prod", "production", "root", "runner", "runneradmin", "sandbox",
        "server",
        "service", "serverless", "staging", "system", "test", "tester", "travis", "ubuntu", "user", "vagrant", "vscode",
        "web", "worker", "workspace", "www-data",
    ]
}
