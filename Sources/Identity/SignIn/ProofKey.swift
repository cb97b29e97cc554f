/// A secret that a sign-in in a browser starts with and ends with, so that nobody else can use its code (PKCE, RFC 7636).
struct ProofKey: Sendable {
    /// 43 characters that URLs may contain as they are.
    let verifier: Secret
    /// What the browser carries.
    let challenge: String

    init(random: RandomBytes) {
        let text = random.text(32)
        self.verifier = Secret(text)
        self.challenge = Base64.encodeURLSafe(Digest.sha256(Array(text.utf8)))
    }
}
