/// The id of something in Azure Resource Manager: `/subscriptions/{id}/resourceGroups/{name}/providers/...`.
///
/// Azure compares ids without regard to case and answers with casings of its own; two ids are equal when their lower-cased texts are.
public struct ResourceID: Sendable, CustomStringConvertible {
    /// The id as it was given, with one leading slash and none at the end.
    public let text: String
    /// What is compared.
    let key: String

    /// The id of a text; a missing leading slash is added, slashes at the end are dropped.
    public init(_ text: String) {
        let trimmed = text.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
        self.text = "/" + trimmed
        self.key = self.text.lowercased()
    }

    /// The text.
    public var description: String { text }
}

extension ResourceID: Hashable {
    /// Whether both name the same.
    public static func == (left: ResourceID, right: ResourceID) -> Bool { left.key == right.key }
    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
