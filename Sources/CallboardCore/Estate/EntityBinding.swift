internal import Identity
internal import ServiceBus

/// What an annotation of the catalogue says: this belongs to that entity.
struct EntityBinding: Hashable, Sendable {
    /// The paths it may mean, the likeliest first: `a/b` is the subscription b of topic a, or a queue of that name.
    let candidates: [EntityPath]
    /// The namespace's name where the annotation says it, in lower case.
    let namespace: String?

    /// The path that exists among those given; the likeliest where none does.
    func resolved(among known: (EntityPath) -> Bool) -> EntityPath? { candidates.first(where: known) ?? candidates.first }
}

/// Reads the values of binding annotations.
struct BindingReader {
    /// The most entities one annotation may name.
    static let most = 1_000

    private(set) var bindings: [EntityBinding] = []
    private(set) var findings: [String] = []

    /// Reads an annotation's value.
    /// - Returns: whether it says anything about Service Bus; if not, the next annotation may.
    mutating func read(_ value: String, rule: BindingRules.Rule) -> Bool {
        let before = (bindings.count, findings.count)
        switch rule.form {
        case .entities: names(value, rule) { text throws(EntityPathError) in try Self.candidates(text) }
        case .queues: names(value, rule) { text throws(EntityPathError) in [try EntityPath.queue(text)] }
        case .topics: names(value, rule) { text throws(EntityPathError) in [try EntityPath.topic(text)] }
        case .armID: arm(value, rule)
        }
        return before != (bindings.count, findings.count)
    }

    private mutating func names(_ value: String, _ rule: BindingRules.Rule, _ path: (String) throws(EntityPathError) -> [EntityPath]) {
        let names = value.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
        if names.isEmpty { findings.append("annotation \(rule.annotation) names no entity") }
        if names.count > Self.most {
            findings.append("annotation \(rule.annotation) names \(names.count) entities; the first \(Self.most) are used")
        }
        for name in names.prefix(Self.most) {
            do throws(EntityPathError) {
                bindings.append(EntityBinding(candidates: try path(name).map(\.entity), namespace: nil))
            } catch {
                findings.append("annotation \(rule.annotation): \(error)")
            }
        }
    }

    private static func candidates(_ text: String) throws(EntityPathError) -> [EntityPath] {
        let path = try EntityPath(parsing: text)
        guard path.kind == .queueOrTopic, let slash = path.name.lastIndex(of: "/") else { return [path] }
        let topic = String(path.name[..<slash])
        let name = String(path.name[path.name.index(after: slash)...])
        guard let subscription = try? EntityPath.subscription(topic: topic, name: name) else { return [path] }
        return [subscription, path]
    }

    private mutating func arm(_ value: String, _ rule: BindingRules.Rule) {
        // An id of something else, a storage account say, is no binding and no mistake.
        guard let id = ServiceBusResourceID(value) else { return }
        guard let entity = id.entity else { return }
        do throws(EntityPathError) {
            bindings.append(EntityBinding(candidates: try entity.paths(), namespace: id.namespace.lowercased()))
        } catch {
            findings.append("annotation \(rule.annotation): \(error)")
        }
    }

    private func trimmed(_ text: Substring) -> String {
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}

/// The ARM id of a Service Bus namespace or of an entity in it, whatever the casing of its segments.
struct ServiceBusResourceID: Hashable {
    enum Entity: Hashable {
        case queue(String)
        case topic(String)
        case subscription(topic: String, name: String)

        /// The paths it may mean: ARM writes `~` for the `/` of a name, but `~` is allowed in names too.
        func paths() throws(EntityPathError) -> [EntityPath] {
            switch self {
            case .queue(let name), .topic(let name):
                let path = try EntityPath.queue(name)
                return name.contains("~") ? [try EntityPath.queue(name.replacing("~", with: "/")), path] : [path]
            case .subscription(let topic, let name):
                let path = try EntityPath.subscription(topic: topic, name: name)
                guard topic.contains("~") else { return [path] }
                return [try EntityPath.subscription(topic: topic.replacing("~", with: "/"), name: name), path]
            }
        }
    }

    let namespace: String
    let entity: Entity?

    init?(_ text: String) {
        let segments = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 33).map { Substring($0) }
        func isWord(_ index: Int, _ word: String) -> Bool {
            guard segments.indices.contains(index) else { return false }
            // Nearly all are written plainly.
            return FoldedASCII.isSame(segments[index], word) || FoldedASCII.isSame(Self.decoded(segments[index]), word)
        }
        guard segments.count <= 32, let provider = segments.indices.first(where: { isWord($0, "providers") }),
            isWord(provider + 1, "microsoft.servicebus"), isWord(provider + 2, "namespaces"), segments.count > provider + 3
        else { return nil }
        namespace = Self.decoded(segments[provider + 3])
        let rest = segments[(provider + 4)...].map { Self.decoded($0) }
        switch (rest.count, rest.first?.lowercased(), rest.count > 2 ? rest[2].lowercased() : "") {
        case (2, "queues", _): entity = .queue(rest[1])
        case (2, "topics", _): entity = .topic(rest[1])
        case (4..., "topics", "subscriptions"): entity = .subscription(topic: rest[1], name: rest[3])
        default: entity = nil
        }
    }

    private static func decoded(_ segment: Substring) -> String {
        guard segment.utf8.contains(UInt8(ascii: "%")) else { return trimmed(segment) }
        var bytes: [UInt8] = []
        var rest = Array(segment.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return trimmed(String(decoding: bytes, as: UTF8.self)[...])
    }

    private static func trimmed(_ text: Substring) -> String {
        // A name of Azure's ends with a letter or a digit.
        if let last = text.utf8.last, last > 0x20, last < 0x80 { return String(text) }
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
