package import Identity

/// Where a secret goes: never a screen, a log, an argument list or the clipboard.
///
/// This room holds the places that may take one: a file of mode 0600 (``SecretFileSink``), a Unix socket that one reader of the same user may read once
/// (``SecretSocketSink``), a secret of Azure Key Vault (``SecretVaultSink``), and a child process, in its environment or on its standard input
/// (``SecretChild``). A secret stays an `Identity.Secret`, whose bytes are overwritten when they are given up, until the call that hands it over.
package protocol SecretSink: Sendable {
    /// What it is to a person: `the file /run/orders.token`.
    var title: String { get }

    /// Finds out, before anything else is done, whether a secret can be handed over here.
    /// - Parameter known: what may be there already and be replaced: our own.
    /// - Throws: ``OperatorError``, which says what is in the way.
    func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError)

    /// Hands a secret over.
    /// - Parameter known: what may be there already and be replaced: our own.
    /// - Throws: ``OperatorError``; what was there before is there still, whole.
    func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError)

    /// Whether what was handed over is there only while this process lives.
    var needsProcess: Bool { get }

    /// Waits until what was handed over needs this process no more, or the task is cancelled.
    func settle() async

    /// Whether what was handed over is there still; nil where that cannot be known.
    func holds(_ fingerprint: SecretFingerprint) async -> Bool?

    /// Takes away what was handed over, as far as it is still there and still what was handed over.
    func withdraw(_ fingerprint: SecretFingerprint) async
}

extension SecretSink {
    /// What is in a file or a vault is there without us.
    package var needsProcess: Bool { false }
    package func settle() async {}
}

/// What may be said of a secret beside it.
package struct SecretNote: Hashable, Sendable {
    /// What it is, in a word: `application/vnd.callboard.connection-string`.
    package var contentType: String
    /// Until when it is good; nil for no end that is known.
    package var expiresAt: WallTime?
    /// What else is known, at most fifteen; nothing secret.
    package var tags: [String: String]

    package init(contentType: String, expiresAt: WallTime? = nil, tags: [String: String] = [:]) {
        self.contentType = contentType
        self.expiresAt = expiresAt
        self.tags = tags
    }
}

/// Where a secret is to go, as an operator names it and a journal remembers it.
public enum SecretDestination: Hashable, Sendable, CustomStringConvertible {
    /// A file.
    case file(String)
    /// A Unix socket.
    case socket(String)
    /// A secret of Azure Key Vault: `VAULT/NAME`.
    case vault(String)

    /// A file as somebody names it, by its whole path: what remembers it may be read in another folder.
    /// - Parameters:
    ///   - path: the path as it was typed.
    ///   - folder: the folder it was typed in.
    public static func file(_ path: String, from folder: String) -> SecretDestination {
        guard !path.isEmpty, path != "-", !path.hasPrefix("/") else { return .file(path) }
        return .file(folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)")
    }

    /// Whether it is the same place in every folder.
    var isAbsolute: Bool {
        switch self {
        case .file(let path), .socket(let path): path.hasPrefix("/")
        case .vault: true
        }
    }

    /// `file:/run/x`, `socket:/run/x`, `vault:kv-retail/orders`.
    public var description: String {
        switch self {
        case .file(let path): "file:\(path)"
        case .socket(let path): "socket:\(path)"
        case .vault(let address): "vault:\(address)"
        }
    }

    /// Reads what ``description`` wrote; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "file": self = .file(parts[1])
        case "socket": self = .socket(parts[1])
        case "vault": self = .vault(parts[1])
        default: return nil
        }
    }
}
