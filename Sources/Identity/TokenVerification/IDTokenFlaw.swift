/// The check that an id token failed; they are made in this order.
public enum IDTokenFlaw: String, Hashable, Sendable {
    /// It is not a JSON web token, or lacks something every id token has.
    case malformed
    /// It is signed with an algorithm that is not allowed, or not at all.
    case algorithm
    /// It is signed with a key that the issuer does not publish.
    case unknownKey
    /// The signature does not fit.
    case signature
    /// Somebody else issued it.
    case issuer
    /// It is of a tenant that is not allowed.
    case tenant
    /// It was made for another application.
    case audience
    /// Its end has passed.
    case expired
    /// Its time has not come.
    case notYetValid
    /// It answers another request, or none.
    case nonce
}
