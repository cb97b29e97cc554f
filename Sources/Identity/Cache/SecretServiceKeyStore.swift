/// Keeps keys with the Secret Service of the desktop session (GNOME Keyring, KWallet), through its program `secret-tool`.
///
/// The key goes to the program through its standard input and comes back through its standard output: arguments are for everybody to read.
struct SecretServiceKeyStore: KeyStore {
    let runner: ProgramRunner

    private static func attributes(_ name: String) -> [String] { ["application", "callboard", "purpose", "token-cache", "name", name] }

    func key(named name: String) async throws(IdentityError) -> CacheKey? {
        let outcome = try await self.run(["lookup"] + Self.attributes(name))
        // Status 1 without a word means that there is none.
        if outcome.status == 1, outcome.errors.trimmingWhitespace().isEmpty { return nil }
        guard outcome.status == 0 else { throw self.refused(outcome) }
        let bytes = outcome.output.withUnsafeBytes { Base64.decode(String(decoding: $0, as: UTF8.self).trimmingWhitespace().utf8) }
        guard let bytes, bytes.count == CacheKey.size else { throw .cacheUnusable("The keyring's entry for the token cache is not a key.") }
        return CacheKey(secret: Secret(bytes), kind: .secretService)
    }

    func makeKey(named name: String, random: RandomBytes) async throws(IdentityError) -> CacheKey {
        if let key = try await self.key(named: name) { return key }
        let text = Secret(Base64.encode(random(CacheKey.size)))
        let outcome = try await self.run(["store", "--label=Callboard token cache"] + Self.attributes(name), input: text)
        guard outcome.status == 0 else { throw self.refused(outcome) }
        // What was kept counts: another process may have been faster, or the keyring may not keep anything.
        guard let key = try await self.key(named: name) else {
            throw .cacheUnusable("The keyring does not keep the key of the token cache.")
        }
        return key
    }

    func removeKey(named name: String) async throws(IdentityError) {
        _ = try await self.run(["clear"] + Self.attributes(name))
    }

    private func run(_ arguments: [String], input: Secret? = nil) async throws(IdentityError) -> ProgramRunner.Outcome {
        do throws(ProgramRunner.Failure) {
            return try await self.runner.run(.init("secret-tool", arguments, input: input))
        } catch {
            if error == .cancelled { throw IdentityError(.cancelled, "Waiting for the keyring was cancelled.") }
            throw .cacheUnusable("The keyring cannot be asked.")
        }
    }

    private func refused(_ outcome: ProgramRunner.Outcome) -> IdentityError {
        .cacheUnusable("The keyring gave no key (status \(outcome.status)).", hint: "Unlock the keyring.")
    }
}
