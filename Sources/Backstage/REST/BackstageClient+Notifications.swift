internal import RESTClient

extension BackstageClient {
    private struct Notification: Encodable {
        struct Recipients: Encodable { var type = "broadcast" }
        struct Payload: Encodable {
            var title: String
            var description: String
            var severity = "critical"
            var topic: String
        }
        var recipients = Recipients()
        var payload: Payload
    }

    /// Notifies everybody (`POST /api/notifications/notifications`), critically.
    ///
    /// Backstage takes notifications of services and of nobody else: the backend has to know the token as one of external access.
    /// - Parameters:
    ///   - title: one line.
    ///   - description: more, plain text.
    ///   - topic: another notification of the same topic takes this one's place.
    /// - Throws: ``BackstageError``.
    public func notifyAll(title: String, description: String, topic: String) async throws(BackstageError) {
        let body = Notification(
            payload: .init(title: String(title.prefix(200)), description: String(description.prefix(2000)), topic: topic))
        _ = try await exchange(.post, "/notifications", "notify everybody", plugin: "notifications", body: body)
    }
}
