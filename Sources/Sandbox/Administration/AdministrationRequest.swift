/// A request as far as this endpoint looks at it.
struct AdministrationRequest: Sendable {
    /// The method, such as `GET`.
    var method: String
    /// The target as sent: path and query, percent-encoded.
    var target: String
    /// The `Host` field: what links in answers are made of.
    var host: String
    /// Whether it came over TLS.
    var isSecure = false
    /// The `Authorization` field.
    var authorization: String?
    /// `ServiceBusSupplementaryAuthorization`: a token for the entity forwarded to.
    var forwardingAuthorization: String?
    /// `ServiceBusDlqSupplementaryAuthorization`: a token for the entity dead letters are forwarded to.
    var deadLetterForwardingAuthorization: String?
    /// The `If-Match` field: with it a PUT changes, without it makes.
    var ifMatch: String?
    /// The body; `nil` for one that was longer than any description.
    var body: [UInt8]? = []

    /// The path as sent, without the query.
    var path: Substring { target.prefix { $0 != "?" } }

    /// The value of a query parameter, decoded, whatever the case of its name.
    func parameter(_ name: String) -> String? {
        guard let question = target.firstIndex(of: "?") else { return nil }
        for part in target[target.index(after: question)...].split(separator: "&") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            guard PercentDecoding.decode(part[..<equals])?.lowercased() == name.lowercased() else { continue }
            return PercentDecoding.decode(part[equals...].dropFirst())
        }
        return nil
    }
}

/// An answer of this endpoint.
struct AdministrationResponse: Sendable {
    /// The status, such as 200.
    var status: Int
    /// The body's type, `nil` where there is no body.
    var contentType: String?
    /// The version of what was read, in .NET ticks.
    var etag: String?
    /// The methods that would have been accepted, where one was not.
    var allow: String?
    /// The body.
    var body: String
}

extension AdministrationResponse {
    /// For an endpoint that this sandbox does not have.
    static let notServed = AdministrationResponse(status: 404, contentType: "text/plain; charset=utf-8", body: "There is nothing here.")
}
