/// The secrets of the one vault there is, `kv-retail`, with all their versions. What a peer can make it hold is bounded.
struct KeyVaultStandIn: Sendable {
    static let maximumSecrets = 200
    /// Of one secret; older ones are forgotten.
    static let maximumVersions = 50
    /// Azure's own limit.
    static let maximumValueBytes = 25_600
    /// Azure's own limit.
    static let maximumTags = 15

    /// One value that a secret had.
    struct Version: Sendable {
        var id: String
        var value: String
        var contentType: String?
        var tags: [CloudJSON.Member]
        var expires: Int64?
        var notBefore: Int64?
        var isEnabled: Bool
        /// Seconds since 1970.
        var created: Int64
    }

    /// By the name in lower case: the vault does not tell names apart by it.
    private(set) var secrets: [String: (name: String, versions: [Version])] = [:]

    /// Adds a version.
    /// - Returns: whether there was room.
    mutating func add(_ version: Version, to name: String) -> Bool {
        let key = name.lowercased()
        guard secrets[key] != nil || secrets.count < Self.maximumSecrets else { return false }
        var secret = secrets[key] ?? (name, [])
        secret.versions.append(version)
        if secret.versions.count > Self.maximumVersions { secret.versions.removeFirst() }
        secrets[key] = secret
        return true
    }

    /// A version; the newest one when none is named.
    func version(_ id: String?, of name: String) -> (name: String, version: Version)? {
        guard let secret = secrets[name.lowercased()] else { return nil }
        let version = id.map { id in secret.versions.first { $0.id == id.lowercased() } } ?? secret.versions.last
        return version.map { (secret.name, $0) }
    }
}
