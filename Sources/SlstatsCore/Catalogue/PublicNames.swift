// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Names that everybody has, so that having them says nothing of anybody. What is missing here is counted as `other`.
package enum PublicNames {
    /// Vendors of continuous integration (serverless-semantics, section 5).
    package static let continuousIntegration = [
        "Agola CI", "Alpic", "Appcircle", "AppVeyor", "AWS CodeBuild", "Azure Pipelines", "Bamboo",
        "Bitbucket Pipelines", "Bitrise", "Buddy", "Buildkite", "CircleCI", "Cirrus CI", "Cloudflare Pages",
        "Cloudflare Workers", "Codefresh", "Codemagic", "Codeship", "Drone", "dsari", "Earthly",
        "Expo Application Services", "Gerrit", "Gitea Actions", "GitHub Actions", "GitLab CI", "GoCD",
        "Google Cloud Build", "Harness CI", "Heroku", "Hudson", "Jenkins", "LayerCI", "Magnum CI", "Netlify CI",
        "Nevercode", "Prow", "ReleaseHub", "Render", "Sail CI", "Screwdriver", "Semaphore", "Shippable", "Solano CI",
        "Sourcehut", "Strider CD", "TaskCluster", "TeamCity", "Travis CI", "Vela", "Vercel",
        "Visual Studio App Center", "Woodpecker", "Xcode Cloud", "Xcode Server",
    ]

    /// Clouds.
    static let providers = [
        "aws", "azure", "google", "cloudflare", "aliyun", "tencent", "openwhisk", "ibm", "kubeless", "knative", "fn",
        "fission", "openfaas", "spotinst", "webtasks", "oci", "scaleway", "ovh", "vercel",
    ]

    /// Runtimes of functions in the clouds.
    static let runtimes = [
        "$containerimage", "nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10", "nodejs10.x", "nodejs12",
        "nodejs12.x", "nodejs14", "nodejs14.x", "nodejs16", "nodejs16.x", "nodejs18", "nodejs18.x", "nodejs20",
        "nodejs20.x", "nodejs22", "nodejs22.x", "nodejs24", "nodejs24.x", "python2.7", "python3.6", "python3.7",
        "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python37",
        "python38", "python39", "python310", "python311", "python312", "python313", "java8", "java8.al2", "java11",
        "java17", "java21", "java25", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet3",
        "dotnet6", "dotnet8", "dotnet10", "go1.x", "go111", "go113", "go116", "go118", "go119", "go120", "go121",
        "go122", "ruby2.5", "ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby27", "ruby30", "ruby32", "php74",
        "php81", "php82", "provided", "provided.al2", "provided.al2023",
    ]

    /// What stages are called as a rule.
    static let stages = [
        "dev", "develop", "development", "local", "test", "testing", "qa", "ci", "preview", "sandbox", "demo", "beta",
        "canary", "integration", "int", "uat", "stage", "staging", "stg", "pre", "preprod", "pre-prod", "prd", "prod",
        "production", "live",
    ]

    /// Regions of AWS.
    static let regions = [
        "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
        "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-7", "ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-1", "eu-central-2",
        "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1",
        "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1",
        "us-gov-west-1", "us-west-1", "us-west-2",
    ]

    /// Where variables of a configuration come from.
    static let variableSources = [
        "env", "self", "opt", "file", "param", "sls", "ssm", "s3", "cf", "aws", "strToBool", "git", "output",
        "secrets", "terraform", "vault", "doppler", "azure", "gs", "state", "custom",
    ]

    /// What can start a function.
    static let eventTypes = [
        "alb", "alexaSkill", "alexaSmartHome", "activemq", "cloudFront", "cloudwatchEvent", "cloudwatchLog",
        "cognitoUserPool", "eventBridge", "http", "httpApi", "iot", "iotFleetProvisioning", "kafka", "msk",
        "rabbitmq", "s3", "schedule", "sns", "sqs", "stream", "websocket", "function_url", "timer", "queue", "blob",
        "cosmosDB", "eventHub", "eventGrid", "serviceBus", "event", "pubsub", "storage", "cloudEvent",
    ]

    /// Constructs of serverless-lift.
    static let constructs = [
        "storage", "queue", "webhook", "static-website", "single-page-app", "server-side-website",
        "database/dynamodb-single-table", "vpc", "cognito-user-pool",
    ]

    /// Plugins in the public registry.
    static let plugins = [
        "serverless", "serverless-offline", "serverless-webpack", "serverless-esbuild", "serverless-bundle",
        "serverless-python-requirements", "serverless-dotenv-plugin", "serverless-plugin-typescript",
        "serverless-domain-manager", "serverless-prune-plugin", "serverless-iam-roles-per-function",
        "serverless-plugin-warmup", "serverless-step-functions", "serverless-apigw-binary",
        "serverless-apigateway-service-proxy", "serverless-s3-sync", "serverless-s3-local", "serverless-s3-remover",
        "serverless-dynamodb", "serverless-dynamodb-local", "serverless-dynamodb-autoscaling",
        "serverless-pseudo-parameters", "serverless-plugin-split-stacks", "serverless-plugin-tracing",
        "serverless-plugin-optimize", "serverless-plugin-include-dependencies", "serverless-plugin-common-excludes",
        "serverless-plugin-canary-deployments", "serverless-plugin-aws-alerts", "serverless-plugin-datadog",
        "serverless-plugin-lambda-insights", "serverless-plugin-lambda-dead-letter",
        "serverless-plugin-log-retention", "serverless-plugin-resource-tagging", "serverless-plugin-scripts",
        "serverless-plugin-simulate", "serverless-plugin-stage-variables", "serverless-plugin-ifelse",
        "serverless-plugin-conditional-functions", "serverless-plugin-git-variables", "serverless-plugin-dotenv",
        "serverless-plugin-monorepo", "serverless-plugin-chrome", "serverless-aws-documentation",
        "serverless-aws-alias", "serverless-aws-static-file-handler", "serverless-appsync-plugin",
        "serverless-appsync-simulator", "serverless-associate-waf", "serverless-finch", "serverless-layers",
        "serverless-lift", "serverless-localstack", "serverless-stack-output", "serverless-export-env",
        "serverless-content-encoding", "serverless-deployment-bucket", "serverless-express", "serverless-sentry",
        "serverless-newrelic-lambda-layers", "serverless-openapi-documentation", "serverless-offline-sqs",
        "serverless-offline-sns", "serverless-offline-ssm", "serverless-offline-kinesis",
        "serverless-offline-dynamodb-streams", "serverless-offline-scheduler", "serverless-offline-aws-eventbridge",
        "serverless-offline-lambda", "serverless-offline-edge-lambda", "serverless-jest-plugin",
        "serverless-mocha-plugin", "serverless-nestjs", "serverless-nextjs-plugin", "serverless-next.js",
        "serverless-reqvalidator-plugin", "serverless-rust", "serverless-ruby-layer", "serverless-haskell",
        "serverless-go-plugin", "serverless-golang", "serverless-package-python-functions",
        "serverless-optimizer-plugin", "serverless-parcel", "serverless-plugin-parcel", "serverless-rollup-plugin",
        "serverless-scriptable-plugin", "serverless-secrets-plugin", "serverless-sqs-alarms-plugin",
        "serverless-tag-cloud-watch-logs", "serverless-vpc-discovery", "serverless-vpc-plugin", "serverless-wsgi",
        "serverless-azure-functions", "serverless-google-cloudfunctions", "serverless-kubeless",
        "serverless-openwhisk", "serverless-cloudflare-workers", "serverless-spotinst", "serverless-knative",
        "serverless-tencent-scf", "serverless-aliyun-function-compute", "serverless-api-gateway-caching",
        "serverless-api-gateway-throttling", "serverless-add-api-key", "serverless-basic-authentication",
        "serverless-better-credentials", "serverless-cloudside-plugin", "serverless-certificate-creator",
        "serverless-cloudformation-sub-variables", "serverless-compose", "serverless-disable-request-validators",
        "serverless-disable-functions", "serverless-hooks-plugin", "serverless-http",
        "serverless-import-config-plugin", "serverless-latest-layer-version", "serverless-lumigo",
        "serverless-manifest-plugin", "serverless-middleware", "serverless-oidc",
        "serverless-plugin-bind-deployment-id", "@serverless/dashboard-plugin", "@serverless/enterprise-plugin",
        "@serverless/compose", "@serverless/utils", "@serverless/platform-client",
        "@serverless-components/aws-lambda", "@neverendingqs/serverless-websockets-plugin", "bref/bref",
    ]

    /// Packages in the public registry that many services depend on.
    static let dependencies = [
        "@aws-sdk/client-dynamodb", "@aws-sdk/client-lambda", "@aws-sdk/client-s3", "@aws-sdk/client-secrets-manager",
        "@aws-sdk/client-sns", "@aws-sdk/client-sqs", "@aws-sdk/client-ssm", "@aws-sdk/lib-dynamodb",
        "@aws-sdk/util-dynamodb", "@apollo/server", "@babel/core", "@babel/preset-env", "@babel/preset-typescript",
        "@middy/core", "@nestjs/common", "@nestjs/core", "@sentry/node", "@sentry/serverless", "@types/aws-lambda",
        "@types/jest", "@types/node", "@typescript-eslint/eslint-plugin", "@typescript-eslint/parser", "ajv",
        "apollo-server-lambda", "aws-lambda", "aws-sdk", "aws-sdk-mock", "aws-serverless-express", "aws-xray-sdk",
        "axios", "babel-jest", "babel-loader", "bcryptjs", "bluebird", "body-parser", "chai", "chalk", "commander",
        "cors", "cross-env", "date-fns", "dayjs", "dotenv", "esbuild", "eslint", "eslint-config-prettier",
        "eslint-plugin-import", "eslint-plugin-prettier", "express", "express-validator",
        "fork-ts-checker-webpack-plugin", "fs-extra", "glob", "got", "graphql", "html-webpack-plugin", "http-errors",
        "husky", "jest", "joi", "js-yaml", "jsonwebtoken", "knex", "koa", "lint-staged", "lodash", "mocha", "moment",
        "moment-timezone", "mongodb", "mongoose", "mysql", "mysql2", "nanoid", "next", "node-fetch", "nodemailer",
        "nodemon", "nyc", "pg", "pino", "pre-commit", "prettier", "prisma", "puppeteer", "ramda", "react",
        "react-dom", "redis", "reflect-metadata", "request", "rimraf", "rxjs", "semver", "sequelize", "sharp",
        "sinon", "source-map-support", "stripe", "supertest", "superagent", "ts-jest", "ts-loader", "ts-node",
        "tsconfig-paths", "tslib", "twilio", "type-graphql", "typedi", "typeorm", "typescript", "underscore", "uuid",
        "validator", "vue", "webpack", "webpack-cli", "webpack-node-externals", "winston", "ws", "yaml", "yargs",
        "yup", "zod",
    ]

    /// What may stand at the root of a path in a stack trace.
    static let packages = Set(plugins).union(dependencies)
}
