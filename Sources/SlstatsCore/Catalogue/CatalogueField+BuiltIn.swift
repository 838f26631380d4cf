// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension CatalogueField {
    /// The original's payload (serverless-semantics, section 4.10). What names a person or an organisation has to be
    /// admitted by the configuration.
    package static let builtIn: [CatalogueField] = envelope + environment + service + outcome + usage

    /// Of the field with the random id of the installation.
    package static let installationPath = "frameworkLocalUserId"

    private static let envelope = [
        CatalogueField("id", .uuid, "tells events apart", #""6ba7b811-9dad-41d1-80b4-00c04fd430c8""#),
        CatalogueField("timestamp", .integer(0...253_402_300_799_999), "when, in milliseconds", "1795421268983"),
        CatalogueField("cliName", .pattern(.word), "which program", #""serverless""#),
        CatalogueField("command", .pattern(.words), "which command is used", #""deploy function""#),
        CatalogueField("commandOptionNames[]", .pattern(.word), "which options, never their values", #""stage""#),
        CatalogueField("versions.serverless", .pattern(.version), "which versions are in use", #""3.38.0""#),
        CatalogueField("versions.@serverless/dashboard-plugin", .pattern(.version), "the same", #""6.2.3""#),
        CatalogueField("versions.@serverless/enterprise-plugin", .pattern(.version), "the same", #""5.5.4""#),
        CatalogueField(
            "triggeredDeprecations[]", .pattern(.code), "what can be removed", #""LAMBDA_HASHING_VERSION_V2""#),
    ]

    private static let environment = [
        CatalogueField(
            "ciName", .names(PublicNames.continuousIntegration + ["unknown"]), isNullable: true, "where commands run",
            #""GitHub Actions""#),
        CatalogueField("isTtyTerminal", .boolean, "is a person there", "true"),
        CatalogueField("isDockerInstalled", .boolean, "what can be built on", "true"),
        CatalogueField("dockerVersion", .pattern(.version), "the same", #""24.0.7""#),
        CatalogueField("firstLocalInstallationTimestamp", .natural, "new or old user, in seconds", "1672531200"),
        CatalogueField(
            installationPath, .randomUUID, "counts installations", #""0f8fad5b-d9cb-469f-a165-70867728950e""#),
        CatalogueField(
            "installationType",
            .closed(
                "global:npm", "global:other", "global:standalone:other", "global:standalone:windows", "local:direct",
                "local:fallback"), "how it is installed", #""global:npm""#),
        CatalogueField("isAutoUpdateEnabled", .boolean, "how updates come", "false"),
        CatalogueField("isTabAutocompletionInstalled", .boolean, "is it used", "false"),
        CatalogueField("isUsingCompose", .boolean, "is it used", "false"),
        CatalogueField(
            "notificationsMode", .closed("off", "upgrades-only", "on", "force"), "are notices wanted", #""on""#),
        CatalogueField("timezone", .pattern(.timeZone), "when to deploy ours", #""Europe/Berlin""#),
    ]

    private static let service = [
        CatalogueField("hasLocalCredentials", .boolean, "where setup fails", "true"),
        CatalogueField(
            "npmDependencies[]", .names(PublicNames.dependencies + PublicNames.plugins, local: "local"),
            "what it is used with", #""express""#),
        CatalogueField("isConfigValid", .boolean, isNullable: true, "is the schema right", "true"),
        CatalogueField("projectId", .keyedHash, "counts services", #""my-service-123456789012""#),
        CatalogueField("didCreateService", .boolean, "first deployment", "true"),
        CatalogueField("config.configValidationMode", .closed("off", "warn", "error"), "is it strict", #""warn""#),
        CatalogueField("config.provider.name", .names(PublicNames.providers), "which clouds", #""aws""#),
        CatalogueField("config.provider.runtime", .names(PublicNames.runtimes), "which runtimes", #""nodejs20.x""#),
        CatalogueField(
            "config.provider.stage", .names(PublicNames.stages, other: "custom"), "how stages are used", #""dev""#),
        CatalogueField("config.provider.region", .names(PublicNames.regions), "which regions", #""eu-central-1""#),
        CatalogueField("config.variableSources[]", .names(PublicNames.variableSources), "which are used", #""ssm""#),
        CatalogueField(
            "config.plugins[]", .names(PublicNames.plugins, local: "local"), "which are used", #""serverless-offline""#),
        CatalogueField("config.functions[].url", .boolean, "are URLs used", "true"),
        CatalogueField("config.functions[].runtime", .names(PublicNames.runtimes), "which runtimes", #""python3.12""#),
        CatalogueField(
            "config.functions[].events[].type", .names(PublicNames.eventTypes), isNullable: true, "which events",
            #""httpApi""#),
        CatalogueField("config.resources.general[]", .string(.resourceType), "which resources", #""AWS::S3::Bucket""#),
        CatalogueField("config.paramsCount", .natural, "are they used", "2"),
        CatalogueField("config.constructs[].type", .names(PublicNames.constructs), "which are used", #""webhook""#),
        CatalogueField("dashboard.userId", .pattern(.word), isOptIn: true, "who", #""abc""#),
        CatalogueField("dashboard.orgUid", .pattern(.word), isOptIn: true, "which organisation", #""abc""#),
        CatalogueField("console.userId", .pattern(.word), isOptIn: true, "who", #""abc""#),
        CatalogueField("console.orgUid", .pattern(.word), isOptIn: true, "which organisation", #""abc""#),
        CatalogueField("console.extensionVersion", .pattern(.version), "which versions are in use", #""1.0.0""#),
    ]

    private static let outcome = [
        CatalogueField("commandDurationMs", .natural, "how long it takes", "5120"),
        CatalogueField("outcome", .closed("success", "failure", "interrupt"), "does it work", #""success""#),
        CatalogueField(
            "interruptSignal", .closed("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"), "who gives up", #""SIGINT""#),
        CatalogueField("failureReason.kind", .closed("user", "programmer"), "whose error", #""user""#),
        CatalogueField("failureReason.code", .pattern(.code), "which error", #""INVALID_CONFIGURATION""#),
        CatalogueField(
            "failureReason.location", .string(.errorLocation, maximumBytes: 4096), "where ours is wrong",
            #""serverless/lib/plugins/aws/info.js:10:5""#),
    ]

    private static let usage = [
        CatalogueField("commandUsage.stepsHistory[].name", .pattern(.word), "where setup ends", #""awsCredentials""#),
        CatalogueField(
            "commandUsage.stepsHistory[].configuredQuestions[]", .pattern(.word), "which questions", #""shouldDeploy""#),
        CatalogueField("commandUsage.stepsHistory[].isApplicable", .boolean, "the same", "true"),
        CatalogueField(
            "commandUsage.stepsHistory[].inapplicabilityReasonCode", .pattern(.code), "the same", #""NON_AWS_PROVIDER""#
        ),
        CatalogueField("commandUsage.stepsHistory[].timestamp", .natural, "the same", "1795421268983"),
        CatalogueField("commandUsage.stepsHistory[].history[].key", .pattern(.word), "the same", #""shouldDeploy""#),
        CatalogueField("commandUsage.stepsHistory[].history[].value", .answer, "the same", #""_user_choice_""#),
        CatalogueField("commandUsage.stepsHistory[].history[].startedAt", .natural, "the same", "1795421268983"),
        CatalogueField("commandUsage.stepsHistory[].history[].finalizedAt", .natural, "the same", "1795421268990"),
        CatalogueField("commandUsage.initialContext.isInServiceContext", .boolean, "the same", "false"),
        CatalogueField("commandUsage.initialContext.isLoggedIntoDashboard", .boolean, "the same", "false"),
        CatalogueField("commandUsage.initialContext.hasLocalAwsCredentials", .boolean, "the same", "true"),
        CatalogueField("commandUsage.initialContext.isDashboardEnabled", .boolean, "the same", "false"),
    ]
}
