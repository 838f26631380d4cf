// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsClient
import SlstatsCore
import Testing

/// Every row of serverless-semantics, section 5.
@Suite("The vendors of CI")
struct CIVendorTests {
    static let rows: [(variables: [String: String], name: String)] = [
        (["AGOLA_GIT_REF": "1"], "Agola CI"),
        (["ALPIC_HOST": "1"], "Alpic"),
        (["AC_APPCIRCLE": "1"], "Appcircle"),
        (["APPVEYOR": "1"], "AppVeyor"),
        (["CODEBUILD_BUILD_ARN": "1"], "AWS CodeBuild"),
        (["TF_BUILD": "1"], "Azure Pipelines"),
        (["bamboo_planKey": "1"], "Bamboo"),
        (["BITBUCKET_COMMIT": "1"], "Bitbucket Pipelines"),
        (["BITRISE_IO": "1"], "Bitrise"),
        (["BUDDY_WORKSPACE_ID": "1"], "Buddy"),
        (["BUILDKITE": "1"], "Buildkite"),
        (["CIRCLECI": "1"], "CircleCI"),
        (["CIRRUS_CI": "1"], "Cirrus CI"),
        (["CF_PAGES": "1"], "Cloudflare Pages"),
        (["WORKERS_CI": "1"], "Cloudflare Workers"),
        (["CF_BUILD_ID": "1"], "Codefresh"),
        (["CM_BUILD_ID": "1"], "Codemagic"),
        (["CI_NAME": "codeship"], "Codeship"),
        (["DRONE": "1"], "Drone"),
        (["DSARI": "1"], "dsari"),
        (["EARTHLY_CI": "1"], "Earthly"),
        (["EAS_BUILD": "1"], "Expo Application Services"),
        (["GERRIT_PROJECT": "1"], "Gerrit"),
        (["GITEA_ACTIONS": "1"], "Gitea Actions"),
        (["GITHUB_ACTIONS": "1"], "GitHub Actions"),
        (["GITLAB_CI": "1"], "GitLab CI"),
        (["GO_PIPELINE_LABEL": "1"], "GoCD"),
        (["BUILDER_OUTPUT": "1"], "Google Cloud Build"),
        (["HARNESS_BUILD_ID": "1"], "Harness CI"),
        (["NODE": "/app/.heroku/node/bin/node"], "Heroku"),
        (["HUDSON_URL": "1"], "Hudson"),
        (["JENKINS_URL": "1", "BUILD_ID": "1"], "Jenkins"),
        (["LAYERCI": "1"], "LayerCI"),
        (["MAGNUM": "1"], "Magnum CI"),
        (["NETLIFY": "1"], "Netlify CI"),
        (["NEVERCODE": "1"], "Nevercode"),
        (["PROW_JOB_ID": "1"], "Prow"),
        (["RELEASE_BUILD_ID": "1"], "ReleaseHub"),
        (["RENDER": "1"], "Render"),
        (["SAILCI": "1"], "Sail CI"),
        (["SCREWDRIVER": "1"], "Screwdriver"),
        (["SEMAPHORE": "1"], "Semaphore"),
        (["SHIPPABLE": "1"], "Shippable"),
        (["TDDIUM": "1"], "Solano CI"),
        (["CI_NAME": "sourcehut"], "Sourcehut"),
        (["STRIDER": "1"], "Strider CD"),
        (["TASK_ID": "1", "RUN_ID": "1"], "TaskCluster"),
        (["TEAMCITY_VERSION": "1"], "TeamCity"),
        (["TRAVIS": "1"], "Travis CI"),
        (["VELA": "1"], "Vela"),
        (["NOW_BUILDER": "1"], "Vercel"),
        (["VERCEL": "1"], "Vercel"),
        (["APPCENTER_BUILD_ID": "1"], "Visual Studio App Center"),
        (["CI": "woodpecker"], "Woodpecker"),
        (["CI_XCODE_PROJECT": "1"], "Xcode Cloud"),
        (["XCS": "1"], "Xcode Server"),
    ]

    @Test("each is known by its variables, and by nothing less", arguments: rows)
    func vendor(_ variables: [String: String], _ name: String) {
        let all = CIDetection(CallerEnvironment { variables[$0] })
        #expect(all.isCI && all.name == name)
        for missing in variables.keys {
            let rest = CIDetection(CallerEnvironment { $0 == missing ? nil : variables[$0] })
            #expect(rest.name != name, "without \(missing)")
            let empty = CIDetection(CallerEnvironment { $0 == missing ? "" : variables[$0] })
            #expect(empty.name != name, "with \(missing) empty")
        }
    }

    @Test("of two the one further down counts, as in the original")
    func last() {
        for (index, row) in Self.rows.enumerated() {
            guard let next = Self.rows[(index + 1)...].first(where: { $0.name != row.name }) else { continue }
            // Two of them share a variable and exclude each other.
            guard Set(row.variables.keys).isDisjoint(with: next.variables.keys) else { continue }
            let both = row.variables.merging(next.variables) { $1 }
            #expect(CIDetection(CallerEnvironment { both[$0] }).name == next.name, "\(row.name) and \(next.name)")
        }
    }
    @Test("what the client can say is what the catalogue knows, so no name becomes other")
    func catalogue() {
        #expect(Set(Self.rows.map(\.name)) == Set(PublicNames.continuousIntegration))
    }
}
