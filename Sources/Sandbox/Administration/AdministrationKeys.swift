public import Identity

/// What an authorization rule gives to those who know one of its keys.
public struct AdministrationKeys: Sendable {
    /// A claim.
    public enum Right: Hashable, Sendable {
        /// To manage entities, which is what this endpoint is for.
        case manage
        /// To send.
        case send
        /// To receive.
        case listen
    }

    /// The keys; any of them will do.
    public var keys: [Secret]
    /// What they allow.
    public var rights: Set<Right>

    /// A rule's keys and rights.
    public init(keys: [Secret], rights: Set<Right>) {
        self.keys = keys
        self.rights = rights
    }
}
