/// What a request asks for.
enum AdministrationRoute: Hashable, Sendable {
    case health
    case namespaceInfo
    case queues
    case topics
    case entity(String)
    case subscriptions(topic: String)
    case subscription(topic: String, name: String)
    case rules(topic: String, subscription: String)
    case rule(topic: String, subscription: String, name: String)
    case unknown

    /// Reads a path. The fixed words in it may be in any case; names may contain slashes, so it is read from the end.
    init(path: Substring) {
        var segments: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let decoded = PercentDecoding.decode(segment), decoded.utf8.count <= 512 else {
                self = .unknown
                return
            }
            segments.append(decoded)
        }
        let words = segments.map { $0.lowercased() }
        let count = segments.count
        func topic(_ length: Int) -> String { segments.prefix(length).joined(separator: "/") }
        if words == ["health"] {
            self = .health
        } else if words == ["$namespaceinfo"] {
            self = .namespaceInfo
        } else if words == ["$resources", "queues"] {
            self = .queues
        } else if words == ["$resources", "topics"] {
            self = .topics
        } else if count == 0 || words[0].hasPrefix("$") {
            self = .unknown
        } else if count >= 5, words[count - 2] == "rules", words[count - 4] == "subscriptions" {
            self = .rule(topic: topic(count - 4), subscription: segments[count - 3], name: segments[count - 1])
        } else if count >= 4, words[count - 1] == "rules", words[count - 3] == "subscriptions" {
            self = .rules(topic: topic(count - 3), subscription: segments[count - 2])
        } else if count >= 3, words[count - 2] == "subscriptions" {
            self = .subscription(topic: topic(count - 2), name: segments[count - 1])
        } else if count >= 2, words[count - 1] == "subscriptions" {
            self = .subscriptions(topic: topic(count - 1))
        } else {
            self = .entity(topic(count))
        }
    }
}

/// Percent-encoding in paths and queries.
enum PercentDecoding {
    /// The text that `text` stands for; `nil` if it is not encoded correctly or not UTF-8.
    static func decode(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var result: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(Substring(digits), radix: 16), digits.first != UInt8(ascii: "+") else { return nil }
            result.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: result, as: UTF8.self)
    }
}
