/// A scope of Azure's resources, such as `/subscriptions/…/resourceGroups/rg` or `/` for everything: compared without regard to case.
struct AzureScope: Hashable, Sendable {
    /// As it was spelled, without a slash at the end.
    let text: String
    /// The same in lower case; empty for everything.
    let key: String

    init(_ text: String) {
        var trimmed = Substring(text)
        while trimmed.last == "/" { trimmed.removeLast() }
        if !trimmed.isEmpty, trimmed.first != "/" { trimmed = "/" + trimmed }
        self.text = String(trimmed)
        key = trimmed.lowercased()
    }

    /// The scope itself and everything in it.
    func contains(_ other: AzureScope) -> Bool { key.isEmpty || other.key == key || other.key.hasPrefix(key + "/") }

    /// `/` for everything.
    var description: String { text.isEmpty ? "/" : text }

    /// A scope inside this one.
    func appending(_ path: String) -> AzureScope { AzureScope("\(text)/\(path)") }

    static func == (a: AzureScope, b: AzureScope) -> Bool { a.key == b.key }
    func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
