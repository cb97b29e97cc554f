internal import NIOCore

/// The fields of a request to a token endpoint (`application/x-www-form-urlencoded`).
struct FormBody: Sendable {
    private var fields: [(name: String, value: Secret, isSecret: Bool)] = []

    /// Adds what anybody may know.
    mutating func add(_ name: String, _ value: String) { self.fields.append((name, Secret(value), false)) }

    /// Adds what nobody may see.
    mutating func add(_ name: String, secret: Secret) { self.fields.append((name, secret, true)) }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        for (index, field) in self.fields.enumerated() {
            if index > 0 { buffer.writeString("&") }
            buffer.writeString(field.name + "=")
            buffer.writeString(field.value.withUnsafeBytes { PercentEncoding.encode($0) })
        }
        return buffer
    }

    /// `text` without any of the secrets: a service may repeat what it was sent.
    func redacting(_ text: String) -> String {
        var result = text
        for field in self.fields where field.isSecret && field.value.count >= 4 {
            result = field.value.withRevealedText { result.replacing($0, with: Secret.placeholder) }
        }
        return result
    }
}
