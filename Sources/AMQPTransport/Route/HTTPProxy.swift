#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An HTTP proxy that connections are tunnelled through with CONNECT (RFC 9110, 9.3.6).
public struct HTTPProxy: Sendable, Hashable {
    /// The proxy's host name or address.
    public var host: String
    /// The proxy's port.
    public var port: Int
    /// Who we are to the proxy; nil when it does not ask.
    public var credentials: Credentials?

    /// A proxy.
    public init(host: String, port: Int, credentials: Credentials? = nil) {
        self.host = host
        self.port = port
        self.credentials = credentials
    }

    /// A user and password for a proxy. They have no readable form: printing or dumping them yields a placeholder.
    public struct Credentials: Sendable, Hashable {
        private let text: String

        /// Basic credentials (RFC 7617).
        public init(user: String, password: String) { text = "\(user):\(password)" }

        /// The value of `Proxy-Authorization`: for the wire only.
        var headerValue: String { "Basic " + Data(text.utf8).base64EncodedString() }
    }

    /// `host:port`, never the credentials.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

extension HTTPProxy: CustomStringConvertible {
    /// `host:port`, never the credentials.
    public var description: String { authority }
}

extension HTTPProxy.Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A placeholder.
    public var description: String { "<secret>" }
    /// A placeholder.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children, so that `dump` and test reports show nothing.
    public var customMirror: Mirror { Mirror(self, children: [:], displayStyle: .struct) }
}

extension HTTPProxy {
    /// Why a text is not a proxy's URL. Never repeats the text: it may hold a password.
    public struct URLError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong and what is wanted, for an operator.
        public let description: String
    }

    /// Reads a proxy's URL as environments have it: `http://user:password@host:port`; scheme and port may be missing (then 80).
    /// - Throws: ``URLError`` for a scheme other than `http`, or what is no host and port.
    public init(url: String) throws(URLError) {
        var rest = Substring(url.drop(while: \.isWhitespace))
        while rest.last?.isWhitespace == true { rest.removeLast() }
        if let mark = rest.firstRange(of: "://") {
            let scheme = rest[..<mark.lowerBound].lowercased()
            guard scheme == "http" else {
                throw URLError(description: "the proxy's URL has the scheme '\(scheme.prefix(16))'; only http:// proxies are supported")
            }
            rest = rest[mark.upperBound...]
        }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = rest.lastIndex(of: "@") {
            let user = rest[..<at]
            let colon = user.firstIndex(of: ":") ?? user.endIndex
            guard let name = Self.percentDecoded(user[..<colon]), let password = Self.percentDecoded(user[colon...].dropFirst()) else {
                throw URLError(description: "the user or password in the proxy's URL is not valid: write special characters as %XX")
            }
            credentials = Credentials(user: name, password: password)
            rest = rest[rest.index(after: at)...]
        }
        let (name, number) = Self.hostAndPort(rest)
        guard let name, !name.isEmpty, let number else {
            throw URLError(description: "the proxy's URL has no valid host and port: write http://HOST:PORT")
        }
        host = name
        port = number
    }

    private static func hostAndPort(_ text: Substring) -> (String?, Int?) {
        var host = text
        var rest: Substring = ""
        if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") {
            host = text[..<bracket].dropFirst()
            rest = text[text.index(after: bracket)...]
        } else if let colon = text.lastIndex(of: ":") {
            (host, rest) = (text[..<colon], text[colon...])
        }
        let allowed = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2D, 0x2E, 0x3A, 0x5F].contains(byte)
        }
        guard allowed, host.utf8.count <= 253 else { return (nil, nil) }
        if rest.isEmpty { return (String(host), 80) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return (nil, nil) }
        return (String(host), Int(port))
    }

    private static func percentDecoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(Self.hexadecimal), let low = iterator.next().flatMap(Self.hexadecimal) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        // A line break would end the header it is written to.
        return bytes.contains { $0 < 0x20 || $0 == 0x7F } ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
