/// Keeps keys in files of mode 0600 in a folder.
public struct KeyFileStore: KeyStore {
    private let folder: String

    /// - Parameter folder: where; made for the owner only when it is missing.
    public init(folder: String) { self.folder = folder }

    private func path(_ name: String) -> String { "\(self.folder)/\(PercentEncoding.encode(name)).key" }

    /// The key of that name.
    public func key(named name: String) async throws(IdentityError) -> CacheKey? {
        let bytes: [UInt8]?
        do throws(FileFault) { bytes = try PrivateFile.read(self.path(name), limit: 4096) } catch {
            throw .cacheUnusable("The key file \(self.path(name)) cannot be used: \(error.message).")
        }
        guard let bytes else { return nil }
        guard bytes.count == CacheKey.size else { throw .cacheUnusable("The key file \(self.path(name)) does not contain a key.") }
        return CacheKey(secret: Secret(bytes), kind: .file)
    }

    /// Makes the key of that name, in the place of a file that is not one.
    public func makeKey(named name: String, random: RandomBytes) async throws(IdentityError) -> CacheKey {
        do throws(FileFault) {
            try PrivateFile.prepareFolder(self.folder)
            let made = random(CacheKey.size)
            if try PrivateFile.create(made, at: self.path(name), random: random) { return CacheKey(secret: Secret(made), kind: .file) }
        } catch {
            throw .cacheUnusable("The key file \(self.path(name)) cannot be made: \(error.message).", hint: "Check the folder.")
        }
        if let key = try? await self.key(named: name) { return key }
        let made = random(CacheKey.size)
        do throws(FileFault) { try PrivateFile.write(made, to: self.path(name), random: random) } catch {
            throw .cacheUnusable("The key file \(self.path(name)) cannot be made: \(error.message).", hint: "Check the folder.")
        }
        return CacheKey(secret: Secret(made), kind: .file)
    }

    /// Removes the key of that name.
    public func removeKey(named name: String) async throws(IdentityError) {
        do throws(FileFault) { try PrivateFile.remove(self.path(name)) } catch {
            throw .cacheUnusable("The key file \(self.path(name)) cannot be removed: \(error.message).", hint: "Check the folder.")
        }
    }
}
