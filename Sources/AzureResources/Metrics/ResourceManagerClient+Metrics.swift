public import Identity

extension ResourceManagerClient {
    /// Figures of a namespace from Azure Monitor, for each entity.
    /// - Parameters:
    ///   - metrics: which figures; at most 20 at once.
    ///   - namespace: the namespace.
    ///   - from: from when on.
    ///   - to: until when.
    ///   - interval: how long an interval is: a minute, 5, 15, 30 minutes, 1, 6, 12 hours or a day.
    /// - Throws: ``AzureError``.
    public func metrics(
        _ metrics: [NamespaceMetric], of namespace: ResourceID, from: WallTime, to: WallTime, interval: Duration = .seconds(60)
    ) async throws(AzureError) -> MetricResponse {
        try await get(
            namespace.appending("providers", "Microsoft.Insights", "metrics"), version: APIVersion.metrics,
            query: [
                ("metricnames", metrics.map(\.rawValue).joined(separator: ",")), ("timespan", "\(from.rfc3339)/\(to.rfc3339)"),
                ("interval", ISODuration.text(interval)), ("aggregation", "Average,Total,Maximum"), ("$filter", "EntityName eq '*'"),
            ], operation: "Reading the metrics of \(namespace)")
    }
}
