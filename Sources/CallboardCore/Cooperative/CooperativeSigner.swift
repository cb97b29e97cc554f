internal import AzureResources
internal import Crypto
package import Identity
package import ServiceBus

/// Signs statements as whoever is at the keyboard: by a sign-in to the approvals application, in the browser.
///
/// One statement takes one sign-in, whose id token has the statement's digest as its nonce. For many decisions there is a key that lives in this process's
/// memory and nowhere else: one sign-in stands for it, and it signs until that is an hour old. A device code cannot sign: there is no place in it for a nonce.
package actor CooperativeSigner {
    /// What a sign-in is for.
    package enum Mode: Hashable, Sendable {
        /// One statement.
        case statement
        /// A key that signs until the sign-in is an hour old.
        case key
    }

    /// Signs in, binding the id token to a nonce.
    package typealias SignIn = @Sendable (_ nonce: String) async throws(OperatorError) -> VerifiedIDToken

    /// How long before its hour, or the id token that it rests on, is over a key signs nothing more: a message takes some time.
    private static let margin = Duration.seconds(120)

    private struct Session {
        let key: P256.Signing.PrivateKey
        let salt: [UInt8]
        let proof: VerifiedIDToken
        let since: Timestamp
    }

    /// How it signs.
    package nonisolated let mode: Mode
    private let signIn: SignIn
    private let now: @Sendable () -> Timestamp
    private var session: Session?
    private var opening: Task<Result<Session, OperatorError>, Never>?

    /// - Parameters:
    ///   - now: the time; of the service where it is known.
    ///   - signIn: signs in.
    package init(_ mode: Mode, now: @escaping @Sendable () -> Timestamp, signIn: @escaping SignIn) {
        self.mode = mode
        self.now = now
        self.signIn = signIn
    }

    /// A signer for who signed in with a device code, or is no person: it refuses.
    package static func unavailable(because reason: String) -> CooperativeSigner {
        CooperativeSigner(.statement, now: { Timestamp(milliseconds: 0) }) { _ throws(OperatorError) in
            throw OperatorError(
                .refused, "Nothing can be signed here: \(reason).",
                hint: "Run it where a browser can be opened; without one you can look at requests, and neither make nor decide any.")
        }
    }

    /// Signs a statement.
    /// - Parameters:
    ///   - statement: what is signed.
    ///   - signer: the object id that the statement says it is by.
    /// - Throws: ``OperatorError``: nobody signed in, or somebody else did.
    func sign(_ statement: JSONValue, as signer: GUID) async throws(OperatorError) -> CooperativeSignature {
        switch mode {
        case .statement:
            let proof = try await signIn(StatementDigest(statement.canonical).nonce)
            try check(proof, is: signer)
            return CooperativeSignature(token: proof.token)
        case .key:
            let session = try await openSession()
            try check(session.proof, is: signer)
            let key = session.key.publicKey.rawRepresentation
            guard let signature = try? session.key.signature(for: SHA256.hash(data: statement.canonical)) else {
                throw OperatorError(.internal, "The key of this session does not sign.")
            }
            return CooperativeSignature(
                token: session.proof.token,
                binding: .init(
                    x: Array(key.prefix(32)), y: Array(key.suffix(32)), salt: session.salt, signature: Array(signature.rawRepresentation)))
        }
    }

    /// Forgets the key.
    package func close() { session = nil }

    private func check(_ proof: VerifiedIDToken, is signer: GUID) throws(OperatorError) {
        guard GUID(proof.account.objectID) == signer else {
            session = nil
            throw OperatorError(
                .refused, "Somebody else signed in than acts here, so nothing was signed.",
                hint: "Sign in as yourself, or 'callboard login' as them.")
        }
    }

    private func openSession() async throws(OperatorError) -> Session {
        if let session {
            let age = now().since(session.since)
            // Whoever checks the signature wants both: that the sign-in is no older than an hour, and that its token had not ended.
            let left = Timestamp(session.proof.expiresAt).since(now())
            if age < SignatureVerifier.keyWindow - Self.margin, left > Self.margin { return session }
            self.session = nil
        }
        let (signIn, now) = (signIn, now)
        let task =
            opening
            ?? Task {
                do throws(OperatorError) { return .success(try await Self.open(signIn, now)) } catch { return .failure(error) }
            }
        opening = task
        let result = await task.value
        if opening == task {
            opening = nil
            if case .success(let opened) = result { session = opened }
        }
        return try result.get()
    }

    private static func open(_ signIn: SignIn, _ now: @Sendable () -> Timestamp) async throws(OperatorError) -> Session {
        let key = P256.Signing.PrivateKey()
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let point = key.publicKey.rawRepresentation
        let jwk = CooperativeSignature.Binding.key(x: Array(point.prefix(32)), y: Array(point.suffix(32)))
        let proof = try await signIn(CooperativeSignature.Binding.nonce(key: jwk, salt: salt))
        return Session(key: key, salt: salt, proof: proof, since: proof.issuedAt.map { Timestamp($0) } ?? now())
    }
}
