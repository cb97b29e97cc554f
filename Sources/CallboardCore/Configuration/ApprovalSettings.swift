/// Where signed requests for roles travel, for a context in which nobody has Privileged Identity Management.
public struct ApprovalSettings: Hashable, Sendable {
    /// The host of the namespace with the queues of requests and of ends and the topic of decisions: one for this alone.
    public var namespace: String
    /// The application that people sign in to in order to sign. No service takes its tokens.
    public var clientID: String

    /// Settings.
    public init(namespace: String, clientID: String) {
        self.namespace = namespace
        self.clientID = clientID
    }
}
