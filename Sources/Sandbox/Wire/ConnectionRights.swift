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
    /// - Parameter takesKeys: whether keys are taken at all.
    mutating func authenticate(_ initial: SASLInit, _ policy: AccessPolicy, takesKeys: Bool = true) -> Bool {
        guard initial.mechanism == "PLAIN" else { return initial.mechanism != "EXTERNAL" }
        guard takesKeys else { return false }
        let parts = (initial.initialResponse ?? ByteBuffer()).readableBytesView.split(separator: 0, omittingEmptySubsequences: false)
        if parts.count == 3 {
            plain = policy.grant(user: String(decoding: parts[1], as: UTF8.self), key: String(decoding: parts[2], as: UTF8.self))
        }
        areShown = plain != nil
        return areShown
    }

    /// Whether all of these rights are there, for a link that is open: what roles allowed when the token was put holds until it is renewed or
    /// ends, as in Azure.
    func allow(_ rights: Rights, on address: EntityAddress, at now: Int64, _ cloud: SandboxCloud?) -> Bool {
        allow(rights, on: address, at: now) { grant in cloud.map { grant.known.rights(on: $0.scope(ofEntity: address.path)) } ?? [] }
    }

    /// Whether all of these rights are there for a new link: roles count as they are now.
    func allowOpening(_ rights: Rights, on address: EntityAddress, at now: Int64, _ cloud: SandboxCloud?) -> Bool {
        allow(rights, on: address, at: now) { grant in cloud?.rights(of: grant, on: address.path) ?? [] }
    }

    private func allow(
        _ rights: Rights, on address: EntityAddress, at now: Int64, ofBearer: (BearerGrant) -> Rights
    ) -> Bool {
        if let plain { return plain.rights.isSuperset(of: rights) }
        let path = address.path.lowercased()
        return grants.values.contains { grant in
            guard grant.expiresAt > now, grant.covers(path) else { return false }
            return (grant.bearer.map(ofBearer) ?? grant.rights).isSuperset(of: rights)
        }
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
        _ request: Message, _ policy: AccessPolicy, _ broker: Broker, now: Int64, _ cloud: SandboxCloud? = nil
    ) -> (status: Int32, text: String) {
        let application = request.applicationProperties ?? AMQPMap()
        guard application["operation"]?.text == "put-token" else { return (400, "The operation is not put-token.") }
        guard let audience = application["name"]?.text else { return (400, "The request names no audience.") }
        guard case .value(.string(let token)) = request.body else { return (400, "The body is not a token.") }
        do throws(AccessPolicy.Refusal) {
            let path = AccessPolicy.path(ofAudience: audience)
            let grant = try Self.grant(token, policy, broker, now, cloud)
            guard grant.covers(path) else {
                return (401, "InvalidAudience: The authorization header contains a token for another resource.")
            }
            guard grants.count < Self.maximumTokens || grants[path] != nil else { return (403, "Too many tokens on one connection.") }
            grants[path] = AccessPolicy.Grant(
                path: path, rights: grant.rights, expiresAt: grant.expiresAt, signer: grant.signer, bearer: grant.bearer)
            areShown = true
            return (202, "Accepted")
        } catch {
            return (error.status, error.text)
        }
    }

    /// What a token allows. Its text tells what it is: clients have been seen to name the type wrongly.
    private static func grant(
        _ token: String, _ policy: AccessPolicy, _ broker: Broker, _ now: Int64, _ cloud: SandboxCloud?
    ) throws(AccessPolicy.Refusal) -> AccessPolicy.Grant {
        let isSignature = token.hasPrefix("SharedAccessSignature ")
        if let cloud, !isSignature { return try cloud.grant(token: token) }
        if cloud?.resource.isLocalAuthDisabled == true {
            throw AccessPolicy.Refusal(status: 401, text: AccessPolicy.localAuthDisabled)
        }
        return try policy.grant(token: token, now: now) { broker.accessRules(named: $0, for: $1) }
    }
}
