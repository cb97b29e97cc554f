import Crypto
import CryptoExtras
import ServiceBus

@testable import CallboardCore
@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An issuer of id tokens that really signs them (RS256), with keys of its own.
struct ApprovalIssuer: Sendable {
    static let tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
    static let client = "c0500e00-0000-4000-8000-0000000a9970"
    static let name = "https://login.example/\(tenant)/v2.0"

    /// Making a key takes a moment: once for all tests.
    static let real = ApprovalIssuer(kid: "key-1")
    /// Somebody else's key, under the same name.
    static let forger = ApprovalIssuer(kid: "key-1")

    let kid: String
    private let key: _RSA.Signing.PrivateKey?

    init(kid: String) {
        self.kid = kid
        key = try? _RSA.Signing.PrivateKey(keySize: .bits2048)
    }

    /// What is in a token.
    struct Claims {
        var oid: String
        var issuedAt: Int64
        var nonce: String?
        var audience = ApprovalIssuer.client
        var issuer = ApprovalIssuer.name
        var tenant = ApprovalIssuer.tenant
        var lifetime: Int64 = 3900
        var algorithm = "RS256"
        var groups: [String] = []
        var roles: [String] = []
    }

    /// A token.
    func token(_ claims: Claims) -> Secret {
        var body: [StatementJSON.Member] = [
            .init("aud", .text(claims.audience)), .init("iss", .text(claims.issuer)), .init("tid", .text(claims.tenant)),
            .init("oid", .text(claims.oid)), .init("iat", .integer(claims.issuedAt)), .init("nbf", .integer(claims.issuedAt)),
            .init("exp", .integer(claims.issuedAt + claims.lifetime)), .init("groups", .array(claims.groups.map { .text($0) })),
            .init("roles", .array(claims.roles.map { .text($0) })), .init("name", .text("somebody")),
        ]
        if let nonce = claims.nonce { body.append(.init("nonce", .text(nonce))) }
        let header = StatementJSON.object([.init("alg", .text(claims.algorithm)), .init("kid", .text(kid))])
        let signed = Base64URL.encode(header.canonical) + "." + Base64URL.encode(StatementJSON.object(body).canonical)
        let signature = try? key?.signature(for: SHA256.hash(data: Data(signed.utf8)), padding: .insecurePKCS1v1_5)
        return Secret(signed + "." + Base64URL.encode(signature.map { Array($0.rawRepresentation) } ?? []))
    }

    /// The key as it is published.
    var published: SigningKey {
        guard let parts = try? key?.publicKey.getKeyPrimitives() else { return SigningKey(kid: kid, n: "", e: "", issuer: nil) }
        return SigningKey(
            kid: kid, n: Base64URL.encode(Array(parts.modulus)), e: Base64URL.encode(Array(parts.publicExponent)), issuer: nil)
    }

    /// What checks its signatures.
    func verifier(clock: WallClock) -> SignatureVerifier {
        let key = published
        return SignatureVerifier(
            issuer: Self.name, clientID: Self.client, tenants: [Self.tenant],
            keys: SigningKeys(clock: clock) { () throws(IdentityError) in [key] })
    }
}
