import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a holder of a token may do with an entity.
public struct Rights: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8
    /// Wraps bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Send messages.
    public static let send = Rights(rawValue: 1)
    /// Receive and look at messages.
    public static let listen = Rights(rawValue: 2)
    /// Administer entities; includes the others.
    public static let manage = Rights(rawValue: 7)
}

/// The shared access rules of the sandbox's namespace, and the check of tokens against them.
///
/// The sandbox checks tokens by itself, not with the client's code: it is a server, and nothing may work only because the two were built together.
public struct AccessPolicy: Sendable {
    /// A named key with rights.
    public struct Rule: Sendable, Hashable {
        /// The rule's name.
        public var name: String
        /// Its key, as text.
        public var key: String
        /// What it allows.
        public var rights: Rights
        /// Creates a rule.
        public init(name: String, key: String, rights: Rights) {
            self.name = name
            self.key = key
            self.rights = rights
        }
    }

    /// What a token turned out to allow.
    public struct Grant: Sendable, Hashable {
        /// The lower-case path the token is for; empty for the whole namespace.
        public var path: String
        /// What it allows there.
        public var rights: Rights
        /// When it ends, in milliseconds since 1970.
        public var expiresAt: Int64
        /// The rule of one entity that signed for it, which can be changed or taken away; nil for a rule of the namespace.
        var signer: Signer?
        /// Whose token it is, and what roles allowed them when it was put; nil for a shared access signature.
        var bearer: BearerGrant?

        /// Whether it covers an entity.
        func covers(_ entity: String) -> Bool { path.isEmpty || entity == path || entity.hasPrefix(path + "/") }
    }

    /// A rule that an entity has for itself alone.
    struct Signer: Sendable, Hashable {
        /// The rule as it was when it signed.
        var rule: Rule
        /// The path under which it was found.
        var path: String
    }

    /// What the service says to every signature while keys are not taken.
    static let localAuthDisabled = "LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace."

    /// Why a token was refused: the service's status and text.
    public struct Refusal: Error, Sendable, Hashable {
        /// The status of the answer.
        public var status: Int32
        /// The text of the answer.
        public var text: String
    }

    /// The rules.
    public var rules: [Rule]

    /// The emulator's rule with its published key, and one each that may only send or only listen.
    public static let standard = AccessPolicy(rules: [
        Rule(name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE", rights: .manage),
        Rule(name: "SendOnly", key: "SAS_KEY_VALUE", rights: .send),
        Rule(name: "ListenOnly", key: "SAS_KEY_VALUE", rights: .listen),
    ])

    /// Creates a policy.
    public init(rules: [Rule]) { self.rules = rules }

    /// Checks the user and key of SASL PLAIN.
    public func grant(user: String, key: String) -> Grant? {
        rules.first { $0.name == user && $0.key == key }.map { Grant(path: "", rights: $0.rights, expiresAt: .max) }
    }

    /// Checks a shared access signature: `SharedAccessSignature sr=…&sig=…&se=…&skn=…`, in any order of the fields.
    /// - Parameters:
    ///   - token: the text received.
    ///   - now: the time, in milliseconds since 1970.
    ///   - entityRules: the rules of a name that an entity has for itself alone.
    public func grant(
        token: String, now: Int64, entityRules: (_ name: String, _ path: String) -> [Rule] = { _, _ in [] }
    ) throws(Refusal) -> Grant {
        guard token.hasPrefix("SharedAccessSignature ") else {
            throw Refusal(status: 401, text: "InvalidToken: only shared access signatures are known here.")
        }
        var fields: [Substring: Substring] = [:]
        for part in token.dropFirst("SharedAccessSignature ".count).split(separator: "&") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            fields[part[..<equals]] = part[part.index(after: equals)...]
        }
        guard let resource = fields["sr"], let signature = fields["sig"].flatMap({ Self.percentDecoded($0) }),
            let expiry = fields["se"].flatMap({ Int64($0) }), let name = fields["skn"].flatMap({ Self.percentDecoded($0) })
        else { throw Refusal(status: 401, text: "MalformedToken: the token lacks sr, sig, se or skn.") }
        guard let sent = Data(base64Encoded: signature) else {
            throw Refusal(status: 401, text: "InvalidSignature: The token has an invalid signature.")
        }
        let path = Self.path(ofAudience: Self.percentDecoded(resource) ?? "")
        // The signed text uses the very encoding that was sent.
        let signed = Data("\(resource)\n\(fields["se"] ?? "")".utf8)
        func hasSigned(_ rule: Rule) -> Bool {
            HMAC<SHA256>.isValidAuthenticationCode(sent, authenticating: signed, using: SymmetricKey(data: Data(rule.key.utf8)))
        }
        let ownSigner = rules.first { $0.name == name && hasSigned($0) }
        guard let signer = ownSigner ?? entityRules(name, path).first(where: hasSigned) else {
            throw Refusal(status: 401, text: "InvalidSignature: The token has an invalid signature.")
        }
        let (end, overflow) = expiry.multipliedReportingOverflow(by: 1000)
        let expiresAt = overflow ? Int64.max : end
        guard expiresAt > now else { throw Refusal(status: 401, text: "ExpiredToken: The token is expired.") }
        return Grant(
            path: path, rights: signer.rights, expiresAt: expiresAt, signer: ownSigner == nil ? Signer(rule: signer, path: path) : nil)
    }

    /// What an `Authorization` header is worth.
    public enum Verdict: Sendable, Hashable {
        /// It allows what was asked.
        case allowed
        /// It is a good token without the right.
        case lacksRight
        /// It is no good token; the service's text.
        case refused(String)
    }

    /// Judges an `Authorization` header that carries a shared access signature.
    public func verdict(
        token: String, for resource: String, needs rights: Rights, now: Int64,
        entityRules: (_ name: String, _ path: String) -> [Rule] = { _, _ in [] }
    ) -> Verdict {
        do throws(Refusal) {
            let grant = try grant(token: token, now: now, entityRules: entityRules)
            let path = Self.path(ofAudience: resource)
            guard grant.covers(path) else { return .refused("InvalidAudience: The token is for another resource.") }
            return grant.rights.isSuperset(of: rights) ? .allowed : .lacksRight
        } catch {
            return .refused(error.text)
        }
    }

    /// The lower-case path of an audience like `sb://host:5671/Queue/`.
    static func path(ofAudience audience: String) -> String {
        guard let address = EntityAddress(parsing: audience) else { return "" }
        // Without a scheme the whole text would be the path; audiences of real clients always have one.
        return address.path.lowercased()
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: "+") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
