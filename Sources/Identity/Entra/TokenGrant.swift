internal import NIOCore

/// What a token endpoint gave: a token, when to renew it, and what came with it.
struct TokenGrant: Sendable {
    let token: AccessToken
    /// When the service would like it to be renewed; nil when it has no wish.
    let refreshAt: WallTime?
    /// For the next token without a person.
    var refreshToken: Secret?
    /// Who signed in, not yet verified.
    var idToken: Secret?

    init(token: AccessToken, refreshAt: WallTime? = nil, refreshToken: Secret? = nil, idToken: Secret? = nil) {
        self.token = token
        self.refreshAt = refreshAt
        self.refreshToken = refreshToken
        self.idToken = idToken
    }

    private struct Body: Decodable {
        var token_type: String?
        var expires_in: LenientInteger?
        var expires_on: LenientInteger?
        var refresh_in: LenientInteger?
        var access_token: String?
        var refresh_token: String?
        var id_token: String?
    }

    /// Reads the answer of a token endpoint: Entra ID's, IMDS's or App Service's, which differ in how they say when the token ends.
    /// - Returns: nil when it cannot be used: no token, not a bearer token, one that cannot be part of a header, or no end.
    init?(body: ByteBuffer, at now: WallTime) {
        guard let body = JSONBody.decode(Body.self, from: body), let text = body.access_token, HeaderText.isToken(text),
            (body.token_type ?? "Bearer").lowercased() == "bearer"
        else { return nil }
        let end: WallTime
        if let seconds = body.expires_on?.value {
            end = WallTime(secondsSince1970: seconds)
        } else if let seconds = body.expires_in?.value {
            end = now.advanced(by: .seconds(seconds))
        } else {
            return nil
        }
        guard now < end else { return nil }
        self.init(
            token: AccessToken(secret: Secret(text), expiresAt: end, kind: .jsonWebToken),
            refreshAt: body.refresh_in.map { now.advanced(by: .seconds($0.value)) },
            refreshToken: body.refresh_token.flatMap { $0.isEmpty ? nil : Secret($0) },
            idToken: body.id_token.flatMap { $0.isEmpty ? nil : Secret($0) })
    }
}

/// Text that may become part of a header.
enum HeaderText {
    /// Visible ASCII without spaces, and not endless: nothing that could end a header and start another.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64 * 1024 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
