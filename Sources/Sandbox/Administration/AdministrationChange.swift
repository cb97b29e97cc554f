/// What a request asks to be changed.
enum AdministrationChange: Sendable {
    /// Creates something, or with `isUpdate` changes it.
    case put(AdministeredPath, DescriptionInput, isUpdate: Bool, ForwardingTokens)
    /// Removes something with all that is in it.
    case delete(AdministeredPath)
}

extension AdministrationChange {
    /// The token of Entra's that the caller showed; nil for a signature.
    var bearer: BearerToken? { if case .put(_, _, _, let tokens) = self { BearerToken(authorization: tokens.authorization) } else { nil } }
}

/// What can be created and removed.
enum AdministeredPath: Hashable, Sendable {
    case entity(String)
    case subscription(topic: String, name: String)
    case rule(topic: String, subscription: String, name: String)
}

/// What became of a change. Versions are times in milliseconds since 1970.
enum AdministrationOutcome: Sendable {
    case entity(AdministeredEntity, isNew: Bool, version: Int64)
    case rule(AdministeredRule, isNew: Bool, version: Int64)
    case removed(version: Int64)
}

/// The tokens with which a caller may let an entity forward to another one.
struct ForwardingTokens: Hashable, Sendable {
    /// The request's own.
    var authorization = ""
    /// `ServiceBusSupplementaryAuthorization`, for ForwardTo.
    var forwardTo: String?
    /// `ServiceBusDlqSupplementaryAuthorization`, for ForwardDeadLetteredMessagesTo.
    var deadLetters: String?
}
