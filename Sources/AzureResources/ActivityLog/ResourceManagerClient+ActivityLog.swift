extension ResourceManagerClient {
    /// Entries of the Activity Log of a subscription, newest first as a rule, page by page.
    public func activity(of subscription: ResourceID, _ query: ActivityQuery) -> ResourcePages<ActivityEvent> {
        pages(
            subscription.appending("providers", "Microsoft.Insights", "eventtypes", "management", "values"),
            version: APIVersion.activityLog,
            query: [("$filter", query.filter)], operation: "Reading the Activity Log of \(subscription)")
    }
}
