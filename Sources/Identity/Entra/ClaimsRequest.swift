/// The `claims` parameter of a token request: what this client can do, and what a service asked for.
///
/// `CP1` is always said: this client answers claims challenges. Without it PIM refuses step-up for ever, and continuous access evaluation is off.
enum ClaimsRequest {
    static let capabilities = JSONValue.object(["access_token": .object(["xms_cc": .object(["values": .array([.text("CP1")])])])])

    /// The JSON text. A challenge that is not a JSON object is left out.
    static func json(answering challenge: ClaimsChallenge?) -> String {
        var claims = self.capabilities
        if let challenge, let asked = JSONBody.decode([String: JSONValue].self, from: challenge.json.utf8) {
            // The capabilities last: no challenge may take them away.
            claims = JSONValue.object(asked).merged(with: self.capabilities)
        }
        return JSONBody.encode(claims).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The parameters of a `WWW-Authenticate` header (RFC 9110 11.6.1): names in lower case, values without their quotes.
enum AuthenticationChallenge {
    static func parameters(of header: String) -> [String: String] {
        var result: [String: String] = [:]
        var rest = header[...]
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].split(whereSeparator: { $0 == " " || $0 == "," }).last.map { $0.lowercased() } ?? ""
            rest = rest[rest.index(after: equals)...]
            let value: Substring
            if rest.hasPrefix("\"") {
                let quoted = rest.dropFirst()
                let end = quoted.firstIndex(of: "\"") ?? quoted.endIndex
                value = quoted[..<end]
                rest = quoted[end...].dropFirst()
            } else {
                value = rest.prefix { $0 != "," && $0 != " " }
                rest = rest[value.endIndex...]
            }
            if !name.isEmpty, result[name] == nil { result[name] = String(value) }
        }
        return result
    }
}
