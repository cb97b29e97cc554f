internal import RESTClient

/// The address of a Backstage backend: `https://backstage.example`, with a path where it stands under one.
public struct BackstageAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address without a slash at its end.
    public let url: String

    /// Reads an address. `…/api/catalog` at its end is taken off: people copy it from the documentation.
    /// - Parameters:
    ///   - text: the address.
    ///   - allowsPlainHTTP: whether credentials may go over a network in the clear. To this machine they always may.
    /// - Throws: ``BackstageError`` when it cannot be used, and why.
    public init(_ text: String, allowsPlainHTTP: Bool = false) throws(BackstageError) {
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        for suffix in ["/api/catalog", "/api"] where url.hasSuffix(suffix) {
            url.removeLast(suffix.count)
            break
        }
        let isSecure = url.lowercased().hasPrefix("https://")
        guard isSecure || url.lowercased().hasPrefix("http://") else {
            throw Self.unusable(text, "it must begin with https://")
        }
        let scheme = isSecure ? "https://" : "http://"
        let rest = url.dropFirst(scheme.count)
        guard !rest.isEmpty, rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !rest.contains("?"), !rest.contains("#") else {
            throw Self.unusable(text, "it holds what an address of a backend cannot")
        }
        let authority = rest.prefix { $0 != "/" }
        // Whoever writes a password into an address would find it in logs.
        guard !authority.contains("@") else { throw Self.unusable("…", "a name and a password do not belong there") }
        guard let endpoint = Endpoint(url: scheme + rest) else { throw Self.unusable(text, "it names no host, or a port that is none") }
        guard allowsPlainHTTP || endpoint.isSafeForSecrets else {
            throw Self.unusable(text, "it would send credentials over the network in the clear; use https, or allow plain HTTP for it")
        }
        self.url = scheme + rest
    }

    /// The address.
    public var description: String { url }

    private static func unusable(_ text: String, _ reason: String) -> BackstageError {
        BackstageError(
            .invalidAddress, "The Backstage address '\(text.prefix(200))' cannot be used: \(reason).",
            hint: "It is the backend's (backend.baseUrl of its configuration), not the page's.")
    }
}
