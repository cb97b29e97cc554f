import AMQP
import NIOCore

/// What a client has shown that it may do: by SASL PLAIN for the whole connection, or by tokens.
struct ConnectionRights {
    /// More tokens than entities one connection works with.
    private static let maximumTokens = 1000

    /// What SASL PLAIN allowed; nil for a client that brings tokens.
    private var plain: AccessPolicy.Grant?
    /// What tokens allow, by the path they are for.
    private var grants: [String: AccessPolicy.Grant] = [:]
    /// Whether the client has shown any right at all.
    private(set) var areShown = false

    /// Judges a client's SASL choice; every mechanism but PLAIN leaves it to tokens.
    mutating func authenticate(_ initial: SASLInit, _ policy: AccessPolicy) -> Bool {
        guard initial.mechanism == "PLAIN" else { return initial.mechanism != "EXTERNAL" }
        let parts = (initial.initialResponse ?? ByteBuffer()).readableBytesView.split(separator: 0, omittingEmptySubsequences: false)
        if parts.count == 3 {
            plain = policy.grant(user: String(decoding: parts[1], as: UTF8.self), key: String(decoding: parts[2], as: UTF8.self))
        }
        areShown = plain != nil
        return areShown
    }

    /// Whether all of these rights are there.
    func allow(_ rights: Rights, on address: EntityAddress, at now: Int64) -> Bool {
        if let plain { return plain.rights.isSuperset(of: rights) }
        let path = address.path.lowercased()
        return grants.values.contains { $0.expiresAt > now && $0.rights.isSuperset(of: rights) && $0.covers(path) }
    }

    /// When the next token expires, in milliseconds since 1970.
    var nextExpiry: Int64? { grants.values.map(\.expiresAt).min() }

    /// Forgets tokens whose time is over.
    mutating func dropExpired(at now: Int64) { grants = grants.filter { $0.value.expiresAt > now } }

    /// Forgets tokens whose rule is gone, has another key or allows something else now.
    mutating func dropRevoked(_ broker: Broker) {
        grants = grants.filter { _, grant in
            guard let signer = grant.signer else { return true }
            return broker.accessRules(named: signer.rule.name, for: signer.path).contains(signer.rule)
        }
    }

    /// Takes a `put-token` request.
    /// - Returns: status and text of the answer.
    mutating func putToken(
        _ request: Message, _ policy: AccessPolicy, _ broker: Broker, now: Int64
    ) -> (status: Int32, text: String) {
        let application = request.applicationProperties ?? AMQPMap()
        guard application["operation"]?.text == "put-token" else { return (400, "The operation is not put-token.") }
        guard let audience = application["name"]?.text else { return (400, "The request names no audience.") }
        guard case .value(.string(let token)) = request.body else { return (400, "The body is not a token.") }
        do throws(AccessPolicy.Refusal) {
            let grant = try policy.grant(token: token, now: now) { broker.accessRules(named: $0, for: $1) }
            let path = AccessPolicy.path(ofAudience: audience)
            guard grant.covers(path) || path.isEmpty else {
                return (401, "InvalidAudience: The authorization header contains a token for another resource.")
            }
            guard grants.count < Self.maximumTokens || grants[path] != nil else { return (403, "Too many tokens on one connection.") }
            grants[path] = AccessPolicy.Grant(path: path, rights: grant.rights, expiresAt: grant.expiresAt, signer: grant.signer)
            areShown = true
            return (202, "Accepted")
        } catch {
            return (error.status, error.text)
        }
    }
}
