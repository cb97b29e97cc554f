public import Identity

/// What this product writes into the description of an assignment that is to end: `jit req=… exp=… by=…`. Azure does not enforce it; it is how an
/// assignment that should have ended is recognised.
public struct GrantNote: Hashable, Sendable {
    /// The request that it answers.
    public var request: String
    /// When it is to be gone.
    public var expires: WallTime
    /// Who granted it: an object id, or a name in older notes.
    public var grantedBy: String?

    /// A note.
    public init(request: String, expires: WallTime, grantedBy: String?) {
        self.request = request
        self.expires = expires
        self.grantedBy = grantedBy
    }

    /// Reads a description; nil when it is no such note. Further words are passed over.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.first == "jit" else { return nil }
        func value(_ name: String) -> String? {
            words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        guard let request = value("req"), let expires = value("exp").flatMap({ WallTime(rfc3339: $0) }) else { return nil }
        self.init(request: request, expires: expires, grantedBy: value("by"))
    }

    /// The description.
    public var text: String { "jit req=\(request) exp=\(expires.rfc3339)" + (grantedBy.map { " by=\($0)" } ?? "") }
}
