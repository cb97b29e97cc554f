internal import Crypto

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A shared access signature: a token that says which resource its holder may use, until when, and under which key's rights (protocol reference 1.7).
///
///     SharedAccessSignature sr=<resource>&sig=<signature>&se=<unix seconds>&skn=<key name>
///
/// The signature is HMAC-SHA256 of the encoded resource, a line feed and the end. Clients differ in how they encode and order the
/// fields, so a received one is checked against the text it came with, never against one put together anew.
public struct SharedAccessSignature: Sendable {
    /// The scheme that starts the token's text.
    public static let scheme = "SharedAccessSignature"

    /// The resource it was made for, decoded, such as `https://contoso.servicebus.windows.net/orders`.
    public let resource: String
    /// The name of the key that signed it.
    public let keyName: String
    /// When it ends.
    public let expiresAt: WallTime

    /// `sr` as received: the first half of what is signed.
    private let encodedResource: String
    /// `se` as received: the second half of what is signed.
    private let encodedExpiry: String
    /// The base64 text of the signature.
    private let signature: [UInt8]

    /// Whether `text` looks like one, which is how a service tells it from a JSON web token: the type a client names is often wrong.
    public static func isSharedAccessSignature(_ text: String) -> Bool {
        let prefix = text.utf8.prefix(Self.scheme.utf8.count)
        return prefix.elementsEqual(Self.scheme.utf8) { $0 | 0x20 == $1 | 0x20 }
            && text.utf8.dropFirst(Self.scheme.utf8.count).first == UInt8(ascii: " ")
    }

    /// Takes apart the text of a signature, fields in any order.
    /// - Throws: ``IdentityError/Code/malformedToken`` naming the field that is missing, repeated or unreadable; never its value.
    public init(parsing text: String) throws(IdentityError) {
        guard Self.isSharedAccessSignature(text) else {
            throw IdentityError(.malformedToken, "The token does not start with 'SharedAccessSignature '.")
        }
        guard text.utf8.count <= 8192 else {
            throw IdentityError(.malformedToken, "The shared access signature is longer than 8192 bytes.")
        }
        var fields: [String: Substring] = [:]
        let list = text.utf8.dropFirst(Self.scheme.utf8.count + 1)
        for field in Substring(list).split(separator: "&") {
            guard let equals = field.firstIndex(of: "=") else { continue }
            let name = field[..<equals].trimmingSpaces().lowercased()
            guard fields.updateValue(field[field.index(after: equals)...].trimmingSpaces(), forKey: name) == nil else {
                throw IdentityError(.malformedToken, "The shared access signature has two '\(name.prefix(8))' fields.")
            }
        }
        func required(_ name: String) throws(IdentityError) -> Substring {
            guard let value = fields[name], !value.isEmpty else {
                throw IdentityError(.malformedToken, "The shared access signature has no '\(name)' field.")
            }
            return value
        }
        func decoded(_ name: String) throws(IdentityError) -> [UInt8] {
            guard let bytes = PercentEncoding.decode(try required(name).utf8) else {
                throw IdentityError(.malformedToken, "The '\(name)' field of the shared access signature is not percent-encoded correctly.")
            }
            return bytes
        }
        self.encodedResource = String(try required("sr"))
        self.encodedExpiry = String(try required("se"))
        self.resource = String(decoding: try decoded("sr"), as: UTF8.self)
        self.keyName = String(decoding: try decoded("skn"), as: UTF8.self)
        self.signature = try decoded("sig")
        guard let seconds = Int64(self.encodedExpiry) else {
            throw IdentityError(.malformedToken, "The 'se' field of the shared access signature is not a number of seconds.")
        }
        self.expiresAt = WallTime(secondsSince1970: seconds)
    }

    /// Makes and signs a token.
    /// - Parameters:
    ///   - resource: the URI it is for, as the peer will know it.
    ///   - keyName: the authorization rule.
    ///   - key: that rule's key, used as its UTF-8 text (it looks like base64, but is not decoded).
    ///   - expiresAt: when it shall end.
    /// - Returns: the token's text.
    public static func generate(resource: String, keyName: String, key: Secret, expiresAt: WallTime) -> Secret {
        let encodedResource = PercentEncoding.encode(resource)
        let expiry = String(expiresAt.secondsSince1970)
        let signature = PercentEncoding.encode(self.sign(encodedResource: encodedResource, expiry: expiry, key: key))
        return Secret("\(self.scheme) sr=\(encodedResource)&sig=\(signature)&se=\(expiry)&skn=\(PercentEncoding.encode(keyName))")
    }

    /// Whether `key` signed this token, compared in constant time.
    public func isSigned(with key: Secret) -> Bool {
        ConstantTime.areEqual(Self.sign(encodedResource: self.encodedResource, expiry: self.encodedExpiry, key: key), self.signature)
    }

    /// Whether the token was made for `uri` or something above it.
    ///
    /// Scheme and port do not matter (clients sign `sb`, `amqp`, `amqps`, `http` or `https`, with and without the port of an emulator), case does not matter, and
    /// a path matches in whole segments: a token for `/orders` is good for `/orders/$management`, not for `/orders2`.
    public func covers(_ uri: String) -> Bool {
        let mine = ResourceParts(self.resource)
        let asked = ResourceParts(uri)
        return mine.host == asked.host && asked.segments.starts(with: mine.segments)
    }

    /// Checks everything a service checks.
    /// - Parameters:
    ///   - key: the key that the service has under ``keyName``, `nil` if there is none.
    ///   - uri: the resource that is asked for.
    ///   - now: the service's time.
    /// - Throws: ``IdentityError`` with the code of the first check that fails: key name, signature, end, resource.
    public func verify(key: Secret?, for uri: String, at now: WallTime) throws(IdentityError) {
        guard let key else {
            throw IdentityError(.unknownKey, "The token is signed with a key that this namespace does not have.")
        }
        guard self.isSigned(with: key) else {
            throw IdentityError(.invalidSignature, "The token has an invalid signature.")
        }
        guard now < self.expiresAt else {
            throw IdentityError(.expired, "The token has expired.")
        }
        guard self.covers(uri) else {
            throw IdentityError(.outOfScope, "The token is for another resource.")
        }
    }

    /// The base64 text of the signature over `encodedResource` and `expiry`.
    static func sign(encodedResource: String, expiry: String, key: Secret) -> [UInt8] {
        let symmetricKey = key.withUnsafeBytes { SymmetricKey(data: $0) }
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(encodedResource)\n\(expiry)".utf8), using: symmetricKey)
        return Base64.encode(Array(code))
    }
}

extension SharedAccessSignature: CustomStringConvertible, CustomReflectable {
    /// What may be told of it: the resource, the key's name and the end, not the signature.
    public var description: String {
        "SharedAccessSignature(resource: \(self.resource), keyName: \(self.keyName), expiresAt: \(self.expiresAt.secondsSince1970))"
    }

    /// The same, for `dump` and test reports.
    public var customMirror: Mirror {
        Mirror(self, children: ["resource": self.resource, "keyName": self.keyName, "expiresAt": self.expiresAt])
    }
}

/// The parts of a resource URI that count when a token is compared with what is asked for.
private struct ResourceParts {
    let host: String
    let segments: [String]

    init(_ uri: String) {
        var rest = Substring(uri.lowercased())
        if let scheme = rest.range(of: "://") {
            rest = rest[scheme.upperBound...]
        }
        let path = rest.prefix { $0 != "?" && $0 != "#" }.split(separator: "/", omittingEmptySubsequences: true)
        let authority = path.first ?? ""
        // The port goes; the colons of an IPv6 address in brackets stay.
        if let bracket = authority.lastIndex(of: "]") {
            self.host = String(authority[...bracket])
        } else {
            self.host = String(authority.prefix { $0 != ":" })
        }
        self.segments = path.dropFirst().map(String.init)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var result = self.drop { $0 == " " }
        while result.last == " " { result.removeLast() }
        return result
    }

    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = self.startIndex
        while start < self.endIndex {
            if self[start...].hasPrefix(needle) {
                return start..<self.index(start, offsetBy: needle.count)
            }
            self.formIndex(after: &start)
        }
        return nil
    }
}
