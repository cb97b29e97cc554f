/// A request to the cloud's stand-ins.
struct CloudRequest: Sendable {
    /// The largest body that is read: the largest batch of names asked of Graph is a quarter of it.
    static let maximumBodyBytes = 262_144

    /// The method, such as `GET`.
    var method: String
    /// The target as sent: path and query, percent-encoded.
    var target: String
    /// The `Host` field: what links in answers are made of.
    var host: String
    /// The header's fields by lower-case name; of repeated ones the last.
    var headers: [String: String] = [:]
    /// The body; nil for one that was too long.
    var body: [UInt8]? = []

    /// The decoded segments of the path; nil when one is not encoded correctly.
    var segments: [String]? {
        var segments: [String] = []
        for segment in target.prefix(while: { $0 != "?" }).split(separator: "/", omittingEmptySubsequences: true) {
            guard let decoded = PercentDecoding.decode(segment) else { return nil }
            segments.append(decoded)
        }
        return segments
    }

    /// The path as sent, without the query.
    var path: Substring { target.prefix { $0 != "?" } }

    /// The query, still encoded.
    var query: Substring { target.drop { $0 != "?" }.dropFirst() }

    /// The decoded parameters of the query, in their order.
    var parameters: [(name: String, value: String)] { Self.fields(query) }

    /// The value of a parameter of the query, whatever the case of its name.
    func parameter(_ name: String) -> String? { parameters.first { $0.name.lowercased() == name.lowercased() }?.value }

    /// The fields of a form sent as body.
    var form: [String: String] {
        guard let body, let text = String(validating: body, as: UTF8.self) else { return [:] }
        return Dictionary(Self.fields(Substring(text)).map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// The body as JSON; nil when it is none.
    var json: CloudJSON? { body.flatMap { CloudJSON(parsing: $0) } }

    /// The token of an `Authorization: Bearer` field.
    var bearer: String? {
        guard let field = headers["authorization"], field.lowercased().hasPrefix("bearer ") else { return nil }
        return String(field.dropFirst("bearer ".count))
    }

    /// `https://host:port`, as the client knows this server.
    var origin: String { "https://\(host)" }

    private static func fields(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").compactMap { part in
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            guard let name = decoded(part[..<equals]), let value = decoded(part[equals...].dropFirst()) else { return nil }
            return (name, value)
        }
    }

    private static func decoded(_ text: Substring) -> String? {
        PercentDecoding.decode(Substring(String(text.map { $0 == "+" ? " " : $0 })))
    }
}

/// An answer of the cloud's stand-ins.
struct CloudResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var contentType: String? = "application/json; charset=utf-8"
    var body = ""

    /// An answer in JSON.
    init(_ status: Int = 200, _ json: CloudJSON, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
        body = json.serialized
    }

    /// An answer without a body, or with one that is no JSON.
    init(status: Int, contentType: String? = nil, body: String = "", headers: [(name: String, value: String)] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }

    /// For what is not there at all.
    static let nothing = CloudResponse(404, ["error": ["code": "NotFound", "message": "The sandbox's cloud has nothing at this address."]])
}
