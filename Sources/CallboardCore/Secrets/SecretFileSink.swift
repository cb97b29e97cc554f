package import Identity

/// A file of mode 0600 with nothing but the secret in it: not even a line end.
///
/// A new one appears whole under its name or not at all, and never in the place of something that is there. One that is replaced has to be our own, by
/// its content: what another wrote there, or changed, stays, and the secret is not handed over.
package struct SecretFileSink: SecretSink {
    /// The largest file that is looked into.
    private static let largest = 256 * 1024

    private let path: String

    /// A file. Touches nothing yet.
    package init(_ path: String) { self.path = path }

    package var title: String { "the file \(path)" }

    package func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        try SecretFolder.check(path, title)
        switch SecretFolder.occupant(of: path) {
        case .nothing: return
        case .foreign(let why): throw refused(why)
        case .ownFile:
            guard let content = try content(), known.contains(SecretFingerprint(content)) else {
                throw refused("it is there already, and was not written by this command, or was changed since")
            }
        }
    }

    package func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        try await check(replacing: known)
        let isThere = SecretFolder.occupant(of: path) != .nothing
        do throws(FileFault) {
            if isThere {
                try Identity.PrivateFile.write(secret, to: path)
            } else if try !Identity.PrivateFile.create(secret, at: path) {
                throw FileFault(message: "something appeared there meanwhile")
            }
        } catch {
            throw refused(error.message)
        }
    }

    package func holds(_ fingerprint: SecretFingerprint) async -> Bool? {
        guard case .ownFile = SecretFolder.occupant(of: path), let content = try? content() else { return false }
        return SecretFingerprint(content) == fingerprint
    }

    package func withdraw(_ fingerprint: SecretFingerprint) async {
        guard case .ownFile = SecretFolder.occupant(of: path), let content = try? content(), SecretFingerprint(content) == fingerprint
        else {
            return
        }
        try? Identity.PrivateFile.remove(path)
    }

    private func content() throws(OperatorError) -> [UInt8]? {
        do throws(FileFault) { return try Identity.PrivateFile.read(path, limit: Self.largest) } catch { throw refused(error.message) }
    }

    private func refused(_ why: String) -> OperatorError {
        OperatorError(
            .refused, "Nothing was written to \(title): \(why).", hint: "Name a file that is not there yet, or move this one away.")
    }
}
