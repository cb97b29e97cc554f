internal import AMQPTransport

/// The HTTP proxy that messages to a namespace go through. The password in its URL has no readable form.
public struct NamespaceProxy: Hashable, Sendable, CustomStringConvertible {
    let http: HTTPProxy

    /// Why a text names no proxy. Never repeats the text: it may hold a password.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong and what is wanted, for an operator.
        public let description: String
    }

    /// A proxy by its URL, `http://user:password@host:port`.
    /// - Throws: ``Problem``.
    public init(url: String) throws(Problem) {
        do throws(HTTPProxy.URLError) { http = try HTTPProxy(url: url) } catch { throw Problem(description: error.description) }
    }

    /// The proxy that an environment names for secure connections to a host: `HTTPS_PROXY`, unless `NO_PROXY` excepts the host. This
    /// machine is never reached through a proxy.
    /// - Throws: ``Problem`` when the variable is not a proxy's URL.
    public static func environment(_ variables: [String: String], host: String) throws(Problem) -> NamespaceProxy? {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
        }
        guard let url = value("HTTPS_PROXY"), !isExcepted(host.lowercased(), by: value("NO_PROXY") ?? "") else { return nil }
        do throws(Problem) { return try NamespaceProxy(url: url) } catch {
            throw Problem(description: "HTTPS_PROXY cannot be used: \(error.description)")
        }
    }

    /// Names and the domains below them, one or more separated by commas; `*` is everybody. A port is ignored, as it is by most programs.
    private static func isExcepted(_ host: String, by list: String) -> Bool {
        if ["localhost", "::1"].contains(host) || host.hasPrefix("127.") { return true }
        return list.lowercased().split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains { entry in
            if entry == "*" { return true }
            var name = entry.drop { $0 == "*" || $0 == "." }
            if let colon = name.firstIndex(of: ":"), name[colon...].dropFirst().allSatisfy(\.isNumber) { name = name[..<colon] }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    /// `host:port`.
    public var description: String { http.description }
}
