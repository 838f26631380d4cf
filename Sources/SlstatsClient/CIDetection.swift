// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Whether the caller runs in continuous integration, and in whose (serverless-semantics, section 5).
package struct CIDetection: Equatable {
    package let isCI: Bool
    /// The vendor, or `nil` for a CI that does not say.
    package let name: String?

    /// `CI=false` is the way to say "this is no CI"; `CI=0` is not.
    package init(_ environment: CallerEnvironment) {
        let variable = environment.variable
        guard variable("CI") != "false" else {
            isCI = false
            name = nil
            return
        }
        // The original tests all vendors in this order and keeps the last that matches.
        name = CIVendor.all.last { $0.matches(variable) }?.name
        isCI = name != nil || Self.genericVariables.contains { variable($0)?.isEmpty == false }
    }

    private static let genericVariables = [
        "BUILD_ID", "BUILD_NUMBER", "CI", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_NAME",
        "CONTINUOUS_INTEGRATION", "RUN_ID",
    ]
}

/// One row of the vendor table.
struct CIVendor {
    enum Condition {
        /// Set and not empty, each of them.
        case all([String])
        /// Set and not empty, one of them.
        case any([String])
        case equals(String, String)
        case contains(String, String)
    }

    let name: String
    let condition: Condition

    private init(_ name: String, _ condition: Condition) {
        self.name = name
        self.condition = condition
    }

    private init(_ name: String, _ variable: String) {
        self.init(name, .all([variable]))
    }

    func matches(_ variable: (String) -> String?) -> Bool {
        func isSet(_ name: String) -> Bool { variable(name)?.isEmpty == false }
        return switch condition {
        case .all(let names): names.allSatisfy(isSet)
        case .any(let names): names.contains(where: isSet)
        case .equals(let name, let value): variable(name) == value
        case .contains(let name, let part): variable(name)?.contains(part) == true
        }
    }

    static let all: [CIVendor] = [
        CIVendor("Agola CI", "AGOLA_GIT_REF"),
        CIVendor("Alpic", "ALPIC_HOST"),
        CIVendor("Appcircle", "AC_APPCIRCLE"),
        CIVendor("AppVeyor", "APPVEYOR"),
        CIVendor("AWS CodeBuild", "CODEBUILD_BUILD_ARN"),
        CIVendor("Azure Pipelines", "TF_BUILD"),
        CIVendor("Bamboo", "bamboo_planKey"),
        CIVendor("Bitbucket Pipelines", "BITBUCKET_COMMIT"),
        CIVendor("Bitrise", "BITRISE_IO"),
        CIVendor("Buddy", "BUDDY_WORKSPACE_ID"),
        CIVendor("Buildkite", "BUILDKITE"),
        CIVendor("CircleCI", "CIRCLECI"),
        CIVendor("Cirrus CI", "CIRRUS_CI"),
        CIVendor("Cloudflare Pages", "CF_PAGES"),
        CIVendor("Cloudflare Workers", "WORKERS_CI"),
        CIVendor("Codefresh", "CF_BUILD_ID"),
        CIVendor("Codemagic", "CM_BUILD_ID"),
        CIVendor("Codeship", .equals("CI_NAME", "codeship")),
        CIVendor("Drone", "DRONE"),
        CIVendor("dsari", "DSARI"),
        CIVendor("Earthly", "EARTHLY_CI"),
        CIVendor("Expo Application Services", "EAS_BUILD"),
        CIVendor("Gerrit", "GERRIT_PROJECT"),
        CIVendor("Gitea Actions", "GITEA_ACTIONS"),
        CIVendor("GitHub Actions", "GITHUB_ACTIONS"),
        CIVendor("GitLab CI", "GITLAB_CI"),
        CIVendor("GoCD", "GO_PIPELINE_LABEL"),
        CIVendor("Google Cloud Build", "BUILDER_OUTPUT"),
        CIVendor("Harness CI", "HARNESS_BUILD_ID"),
        CIVendor("Heroku", .contains("NODE", "/app/.heroku/node/bin/node")),
        CIVendor("Hudson", "HUDSON_URL"),
        CIVendor("Jenkins", .all(["JENKINS_URL", "BUILD_ID"])),
        CIVendor("LayerCI", "LAYERCI"),
        CIVendor("Magnum CI", "MAGNUM"),
        CIVendor("Netlify CI", "NETLIFY"),
        CIVendor("Nevercode", "NEVERCODE"),
        CIVendor("Prow", "PROW_JOB_ID"),
        CIVendor("ReleaseHub", "RELEASE_BUILD_ID"),
        CIVendor("Render", "RENDER"),
        CIVendor("Sail CI", "SAILCI"),
        CIVendor("Screwdriver", "SCREWDRIVER"),
        CIVendor("Semaphore", "SEMAPHORE"),
        CIVendor("Shippable", "SHIPPABLE"),
        CIVendor("Solano CI", "TDDIUM"),
        CIVendor("Sourcehut", .equals("CI_NAME", "sourcehut")),
        CIVendor("Strider CD", "STRIDER"),
        CIVendor("TaskCluster", .all(["TASK_ID", "RUN_ID"])),
        CIVendor("TeamCity", "TEAMCITY_VERSION"),
        CIVendor("Travis CI", "TRAVIS"),
        CIVendor("Vela", "VELA"),
        CIVendor("Vercel", .any(["NOW_BUILDER", "VERCEL"])),
        CIVendor("Visual Studio App Center", "APPCENTER_BUILD_ID"),
        CIVendor("Woodpecker", .equals("CI", "woodpecker")),
        CIVendor("Xcode Cloud", "CI_XCODE_PROJECT"),
        CIVendor("Xcode Server", "XCS"),
    ]
}
