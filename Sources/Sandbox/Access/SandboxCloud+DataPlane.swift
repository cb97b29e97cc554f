/// The data plane's side of Entra: tokens for Service Bus, and what the roles of whoever shows them allow.
///
/// A new link is held against the roles as they are at that moment. An open one keeps what its token allowed when it was put, until the token
/// is renewed or ends: so an assignment that is taken away closes the door at once, and whoever is inside leaves at the next renewal.
extension SandboxCloud {
    private static let audiences: Set<String> = ["https://servicebus.azure.net", "https://eventhubs.azure.net"]

    /// Checks a token put to `$cbs`.
    func grant(token: String) throws(AccessPolicy.Refusal) -> AccessPolicy.Grant {
        let caller = try caller(ofDataPlane: token)
        return AccessPolicy.Grant(
            path: "", rights: [], expiresAt: caller.expiresAt,
            bearer: BearerGrant(
                principalID: caller.principal.id, known: assignments.dataRights(of: caller.principals, at: now)))
    }

    private func caller(ofDataPlane token: String) throws(AccessPolicy.Refusal) -> Caller {
        do throws(TokenRefusal) { return try caller(of: token, for: Self.audiences) } catch {
            let text =
                switch error {
                case .malformed: "InvalidToken: The token is neither a shared access signature nor a JSON Web Token."
                case .signature: "InvalidSignature: The token has an invalid signature."
                case .audience: "InvalidAudience: The token has an invalid audience; it must be https://servicebus.azure.net."
                case .expired: "ExpiredToken: The token is expired."
                case .unknownPrincipal: "InvalidIssuer: The token's principal is not known."
                }
            throw AccessPolicy.Refusal(status: 401, text: text)
        }
    }

    /// What the roles of a token's principal allow on an entity now.
    func rights(of grant: BearerGrant, on path: String) -> Rights {
        guard directory.principals[grant.principalID] != nil else { return [] }
        return assignments.dataRights(of: directory.withGroups(grant.principalID), at: now).rights(on: scope(ofEntity: path))
    }

    /// Judges an `Authorization: Bearer` field of the administration endpoint.
    func verdict(of token: BearerToken, for resource: String, needs needed: Rights) -> AccessPolicy.Verdict {
        do throws(AccessPolicy.Refusal) {
            let caller = try caller(ofDataPlane: token.text)
            let path = EntityAddress(parsing: resource)?.path ?? ""
            // Lists and what is not there yet are matters of the namespace.
            let isEntity = (try? broker.snapshot(of: path)) != nil
            let rights = assignments.dataRights(of: caller.principals, at: now).rights(on: scope(ofEntity: isEntity ? path : ""))
            return rights.isSuperset(of: needed) ? .allowed : .lacksRight
        } catch {
            return .refused(error.text)
        }
    }
}
