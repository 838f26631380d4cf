// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsClient
import Testing

@Suite("Detecting CI, as the original does")
struct CIDetectionTests {
    private func detect(_ variables: [String: String]) -> CIDetection {
        CIDetection(CallerEnvironment { variables[$0] })
    }

    @Test(
        "generic variables tell a CI without a name",
        arguments: [
            "BUILD_ID", "BUILD_NUMBER", "CI", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_NAME",
            "CONTINUOUS_INTEGRATION", "RUN_ID",
        ])
    func generic(_ variable: String) {
        #expect(detect([variable: "1"]).isCI)
        #expect(detect([variable: "1"]).name == nil)
        #expect(!detect([variable: ""]).isCI)
    }

    @Test("CI=false is no CI whatever else is set, CI=0 is one")
    func explicit() {
        #expect(!detect(["CI": "false", "GITHUB_ACTIONS": "true", "BUILD_ID": "1"]).isCI)
        #expect(detect(["CI": "0"]).isCI)
        #expect(!detect([:]).isCI)
    }

    @Test(
        "vendors are known by their variables",
        arguments: [
            (["GITHUB_ACTIONS": "true"], "GitHub Actions"), (["GITLAB_CI": "1"], "GitLab CI"),
            (["CI_NAME": "codeship"], "Codeship"), (["CI_NAME": "sourcehut"], "Sourcehut"),
            (["CI": "woodpecker"], "Woodpecker"), (["JENKINS_URL": "x", "BUILD_ID": "1"], "Jenkins"),
            (["TASK_ID": "1", "RUN_ID": "1"], "TaskCluster"), (["NOW_BUILDER": "1"], "Vercel"),
            (["VERCEL": "1"], "Vercel"), (["NODE": "/app/.heroku/node/bin/node"], "Heroku"),
            (["TRAVIS": "1", "APPVEYOR": "1"], "Travis CI"), (["XCS": "1"], "Xcode Server"),
        ])
    func vendors(_ variables: [String: String], _ name: String) {
        #expect(detect(variables).name == name)
        #expect(detect(variables).isCI)
    }

    @Test("half of a vendor's condition is not enough")
    func partial() {
        #expect(detect(["JENKINS_URL": "x"]).name == nil)
        #expect(!detect(["JENKINS_URL": "x"]).isCI)
        #expect(!detect(["TASK_ID": "1"]).isCI)
        #expect(!detect(["NODE": "/usr/bin/node"]).isCI)
    }
}
