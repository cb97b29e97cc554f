internal import AzureResources

/// Somebody a request is about: who asks, who would have the role, who decides.
///
/// The object id is who they are; the name is for people, and whoever wrote it may have written anything: sanitise.
public struct AccessParty: Hashable, Sendable {
    /// What kind of identity it is.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A person.
        case person
        /// A service: an application or a managed identity.
        case service
        /// A group: whatever it has, all of its members have.
        case group
        /// Not said.
        case unknown
    }

    /// The object id in the directory, in lower case and with dashes, however it was written.
    public let id: String
    /// What they are called; nil where nobody says.
    public var name: String?
    /// What kind of identity it is.
    public var kind: Kind

    /// Somebody.
    public init(id: String, name: String? = nil, kind: Kind = .unknown) {
        self.id = GUID(id).canonical
        self.name = name
        self.kind = kind
    }

    /// Whoever has an object id that somebody typed. What kind of identity it is, the directory knows.
    /// - Throws: ``OperatorError`` of kind usage when it is none.
    public init(objectID text: String) throws(OperatorError) {
        guard GUID(text.trimmed).isWellFormed else {
            throw OperatorError(
                .usage, "'\(text.prefix(80))' is no object id.",
                hint: "It is a GUID, 8-4-4-4-12 hexadecimal digits; 'callboard whoami' and 'callboard bindings' show some.")
        }
        self.init(id: text.trimmed)
    }

    /// The name, or the id where there is none.
    public var title: String { name.flatMap { $0.isEmpty ? nil : $0 } ?? id }

    /// Whether both are the same identity, whatever they are called.
    public func isSame(as other: AccessParty) -> Bool { id == other.id }
}
