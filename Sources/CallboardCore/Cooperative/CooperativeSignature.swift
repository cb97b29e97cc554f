internal import Crypto
internal import Identity

/// What a statement is signed with: an id token whose nonce is the statement's digest, or one whose nonce stands for a key that signed the statement
/// (the idea of OpenPubkey). Either way it was Entra ID that vouched for who it was, and no key has to be given to anybody.
package struct CooperativeSignature: Sendable {
    /// A key that a sign-in stands for.
    struct Binding: Hashable, Sendable {
        /// The public key's coordinates on P-256, 32 bytes each.
        var x: [UInt8]
        var y: [UInt8]
        /// What keeps the nonce from being guessed: 32 bytes.
        var salt: [UInt8]
        /// The key's signature over the statement, 64 bytes (IEEE P1363).
        var signature: [UInt8]

        /// The public key as JSON (RFC 7517), in its one spelling.
        var key: JSONValue { Self.key(x: x, y: y) }

        static func key(x: [UInt8], y: [UInt8]) -> JSONValue {
            .object([
                .init("kty", .text("EC")), .init("crv", .text("P-256")), .init("x", .text(Base64URL.encode(x))),
                .init("y", .text(Base64URL.encode(y))),
            ])
        }

        /// The nonce of the id token that stands for the key.
        var nonce: String { Self.nonce(key: key, salt: salt) }

        static func nonce(key: JSONValue, salt: [UInt8]) -> String { StatementDigest(key.canonical + salt).nonce }

        /// Whether the key signed a statement.
        func signs(_ statement: [UInt8]) -> Bool {
            guard let key = try? P256.Signing.PublicKey(rawRepresentation: x + y),
                let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: statement))
        }
    }

    /// The longest id token that is read, in bytes.
    static let longestToken = 24 << 10

    /// The id token.
    let token: Secret
    /// The key it stands for; nil where it signs the statement itself.
    let binding: Binding?

    init(token: Secret, binding: Binding? = nil) {
        self.token = token
        self.binding = binding
    }

    /// The nonce that the token must have to sign a statement.
    func nonce(for statement: StatementDigest) -> String { binding?.nonce ?? statement.nonce }

    /// How it travels. The token is no credential: no service takes the application it was made for. Still it goes nowhere but into the message.
    var value: JSONValue {
        var members: [JSONValue.Member] = [token.withRevealedText { .init("idToken", .text($0)) }]
        if let binding {
            members += [
                .init("jwk", binding.key), .init("rz", .text(Base64URL.encode(binding.salt))),
                .init("signature", .text(Base64URL.encode(binding.signature))),
            ]
        }
        return .object(members)
    }

    /// Reads what travelled.
    /// - Throws: ``CooperativeFlaw``.
    init(reading value: JSONValue?) throws(CooperativeFlaw) {
        guard let value else { throw .unsigned }
        var reader = try StatementReader(value, "sig")
        let token = try reader.text("idToken")
        guard !token.isEmpty else { throw .unsigned }
        guard token.utf8.count <= Self.longestToken else { throw .malformed("the id token is too long") }
        self.token = Secret(token)
        guard let key = reader.optional("jwk") else {
            binding = nil
            try reader.end()
            return
        }
        func bytes(_ text: String, _ count: Int, _ name: String) throws(CooperativeFlaw) -> [UInt8] {
            guard let bytes = Base64URL.decode(text, count: count) else { throw .malformed("'\(name)' is not \(count) bytes in base64url") }
            return bytes
        }
        var jwk = try StatementReader(key, "jwk")
        guard try jwk.text("kty") == "EC", try jwk.text("crv") == "P-256" else { throw .malformed("'jwk' is no key on P-256") }
        let (x, y) = (try bytes(try jwk.text("x"), 32, "x"), try bytes(try jwk.text("y"), 32, "y"))
        try jwk.end()
        binding = Binding(
            x: x, y: y, salt: try bytes(try reader.text("rz"), 32, "rz"),
            signature: try bytes(try reader.text("signature"), 64, "signature"))
        try reader.end()
    }
}

/// A statement with its signature, as a message's body: canonical JSON and nothing else.
struct SignedStatement: Sendable {
    /// The largest body that is read, in bytes.
    static let largest = 96 << 10

    /// What the statement stands under: `request` or `decision`.
    enum Kind: String, Sendable {
        case request
        case decision
    }

    let kind: Kind
    let statement: JSONValue
    let signature: CooperativeSignature
    /// What is kept beside a decision; not signed.
    var archive: JSONValue?

    var digest: StatementDigest { StatementDigest(statement.canonical) }

    var value: JSONValue {
        var members: [JSONValue.Member] = [.init(kind.rawValue, statement), .init("sig", signature.value)]
        if let archive { members.append(.init("archive", archive)) }
        return .object(members)
    }

    init(_ kind: Kind, _ statement: JSONValue, _ signature: CooperativeSignature, archive: JSONValue? = nil) {
        self.kind = kind
        self.statement = statement
        self.signature = signature
        self.archive = archive
    }

    /// Reads a message's body.
    /// - Throws: ``CooperativeFlaw``.
    init(_ kind: Kind, reading body: [UInt8]) throws(CooperativeFlaw) {
        guard body.count <= Self.largest else { throw .malformed("it is larger than \(Self.largest / 1024) KiB") }
        let value: JSONValue
        do throws(JSONValueReader.Fault) { value = try JSONValueReader.value(of: body) } catch { throw .malformed(error.message) }
        guard value.canonical == body else { throw .malformed("it is not in its one spelling (RFC 8785)") }
        try self.init(kind, reading: value)
    }

    /// Reads one that is part of another.
    /// - Throws: ``CooperativeFlaw``.
    init(_ kind: Kind, reading value: JSONValue) throws(CooperativeFlaw) {
        var reader = try StatementReader(value, kind.rawValue)
        self.kind = kind
        statement = try reader.any(kind.rawValue)
        signature = try CooperativeSignature(reading: reader.optional("sig"))
        archive = kind == .decision ? reader.optional("archive") : nil
        try reader.end()
    }
}
