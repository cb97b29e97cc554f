/// What a token of Entra's allows: that of its principal's roles.
struct BearerGrant: Sendable, Hashable {
    /// The object id of the principal.
    var principalID: String
    /// What its roles allowed when the token was put.
    var known: DataRights
}

/// The token of an `Authorization: Bearer` field.
struct BearerToken: Sendable {
    /// What a namespace says that knows no tokens of Entra's.
    static let unknown = "InvalidToken: only shared access signatures are known here."

    let text: String

    /// Nil for a field of another kind.
    init?(authorization: String) {
        guard authorization.prefix(7).lowercased() == "bearer " else { return nil }
        text = String(authorization.dropFirst(7))
    }
}
