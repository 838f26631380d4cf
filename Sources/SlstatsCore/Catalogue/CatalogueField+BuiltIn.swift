// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension CatalogueField {
    /// The original's payload (serverless-semantics, section 4.10) without what names a person or an organisation:
    /// `dashboard.userId`, `dashboard.orgUid` and the dependency names, private scopes and all, are not in it.
    package static let builtIn: [CatalogueField] = envelope + environment + service + outcome + usage

    private static let envelope = [
        CatalogueField("id", .uuid),
        CatalogueField("timestamp", .integer),
        CatalogueField("cliName", .text),
        CatalogueField("command", .text),
        CatalogueField("commandOptionNames[]", .text),
        CatalogueField("versions.serverless", .text),
        CatalogueField("versions.@serverless/dashboard-plugin", .text),
        CatalogueField("versions.@serverless/enterprise-plugin", .text),
        CatalogueField("triggeredDeprecations[]", .text),
    ]

    private static let environment = [
        CatalogueField("ciName", .text, isNullable: true),
        CatalogueField("isTtyTerminal", .boolean),
        CatalogueField("isDockerInstalled", .boolean),
        CatalogueField("dockerVersion", .text),
        CatalogueField("firstLocalInstallationTimestamp", .integer),
        CatalogueField("frameworkLocalUserId", .uuid),
        CatalogueField("installationType", .text),
        CatalogueField("isAutoUpdateEnabled", .boolean),
        CatalogueField("isTabAutocompletionInstalled", .boolean),
        CatalogueField("isUsingCompose", .boolean),
        CatalogueField("notificationsMode", .text),
        CatalogueField("timezone", .text),
    ]

    private static let service = [
        CatalogueField("hasLocalCredentials", .boolean),
        CatalogueField("isConfigValid", .boolean, isNullable: true),
        CatalogueField("projectId", .text),
        CatalogueField("didCreateService", .boolean),
        CatalogueField("config.configValidationMode", .text),
        CatalogueField("config.provider.name", .text),
        CatalogueField("config.provider.runtime", .text),
        CatalogueField("config.provider.stage", .text),
        CatalogueField("config.provider.region", .text),
        CatalogueField("config.variableSources[]", .text),
        CatalogueField("config.plugins[]", .text),
        CatalogueField("config.functions[].url", .boolean),
        CatalogueField("config.functions[].runtime", .text),
        CatalogueField("config.functions[].events[].type", .text, isNullable: true),
        CatalogueField("config.resources.general[]", .text),
        CatalogueField("config.paramsCount", .integer),
        CatalogueField("config.constructs[].type", .text),
    ]

    private static let outcome = [
        CatalogueField("commandDurationMs", .integer),
        CatalogueField("outcome", .text),
        CatalogueField("interruptSignal", .text),
        CatalogueField("failureReason.kind", .text),
        CatalogueField("failureReason.code", .text),
        CatalogueField("failureReason.location", .string(maximumBytes: 4096)),
    ]

    private static let usage = [
        CatalogueField("commandUsage.stepsHistory[].name", .text),
        CatalogueField("commandUsage.stepsHistory[].configuredQuestions[]", .text),
        CatalogueField("commandUsage.stepsHistory[].isApplicable", .boolean),
        CatalogueField("commandUsage.stepsHistory[].inapplicabilityReasonCode", .text),
        CatalogueField("commandUsage.stepsHistory[].timestamp", .integer),
        CatalogueField("commandUsage.stepsHistory[].history[].key", .text),
        CatalogueField("commandUsage.stepsHistory[].history[].value", .answer),
        CatalogueField("commandUsage.stepsHistory[].history[].startedAt", .integer),
        CatalogueField("commandUsage.stepsHistory[].history[].finalizedAt", .integer),
        CatalogueField("commandUsage.initialContext.isInServiceContext", .boolean),
        CatalogueField("commandUsage.initialContext.isLoggedIntoDashboard", .boolean),
        CatalogueField("commandUsage.initialContext.hasLocalAwsCredentials", .boolean),
        CatalogueField("commandUsage.initialContext.isDashboardEnabled", .boolean),
    ]
}
