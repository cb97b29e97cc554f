/// The versions of Azure's interfaces that are spoken here.
package enum APIVersion {
    package static let subscriptions = "2022-12-01"
    package static let serviceBus = "2021-11-01"
    /// What old clouds and stamps know.
    package static let olderServiceBus = "2017-04-01"
    package static let authorization = "2022-04-01"
    package static let schedules = "2020-10-01"
    package static let approvals = "2021-01-01-preview"
    package static let policy = "2022-06-01"
    package static let activityLog = "2015-04-01"
    package static let metrics = "2018-01-01"

    /// Whether a refusal means that the service does not know the version it was asked in.
    static func isUnknown(_ error: AzureError) -> Bool {
        guard error.status == 400 || error.status == 404 else { return false }
        return ["InvalidApiVersionParameter", "NoRegisteredProviderFound", "UnsupportedApiVersion", "InvalidResourceType"].contains(
            error.serviceCode)
    }
}
