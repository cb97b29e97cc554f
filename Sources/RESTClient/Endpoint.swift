/// Where a URL leads, as far as errors and diagnosis need to know.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    package let host: String
    package let port: Int

    /// The endpoint of an absolute `http` or `https` URL.
    package init?(url: String) {
        let scheme: Substring
        let rest: Substring
        if url.hasPrefix("https://") {
            (scheme, rest) = ("https", url.dropFirst(8))
        } else if url.hasPrefix("http://") {
            (scheme, rest) = ("http", url.dropFirst(7))
        } else {
            return nil
        }
        self.isSecure = scheme == "https"
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return nil }
        let host: Substring
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let behind = authority[authority.index(after: bracket)...]
            if behind.hasPrefix(":") { port = behind.dropFirst() } else if !behind.isEmpty { return nil }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        } else {
            host = authority
        }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
        if let port {
            guard let number = UInt16(port), number > 0 else { return nil }
            self.port = Int(number)
        } else {
            self.port = self.isSecure ? 443 : 80
        }
    }

    /// Whether it is this machine: `localhost`, 127.0.0.0/8, ::1. No other name is taken for it, since whoever answers for names decides about those.
    package var isThisMachine: Bool {
        let octets = self.host.split(separator: ".", omittingEmptySubsequences: false)
        return self.host.lowercased() == "localhost" || self.host == "::1"
            || (octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil })
    }

    /// Whether secrets may be sent there: over TLS, or without leaving this machine.
    package var isSafeForSecrets: Bool { self.isSecure || self.isThisMachine }

    package var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

extension Endpoint {
    /// `url` as it may be logged: without its query, which can carry tokens.
    static func loggable(_ url: String) -> String {
        guard let question = url.firstIndex(of: "?") else { return url }
        return String(url[..<question])
    }
}
