/// A person, group or application of the directory, as far as names go.
public struct DirectoryObject: Hashable, Sendable {
    /// Its object id.
    public let id: GUID
    /// What it is.
    public let kind: PrincipalKind
    /// Its name; nil when the caller may not read it.
    public let displayName: String?
    /// A person's sign-in name.
    public let userPrincipalName: String?
    /// A person's or group's address.
    public let mail: String?
    /// An application's client id.
    public let applicationID: GUID?
    /// `Application`, `ManagedIdentity`, `Legacy`, `SocialIdp`: of an application.
    public let servicePrincipalKind: String?
    /// The resource of a managed identity.
    public let managedIdentity: ResourceID?
}

extension DirectoryObject: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.guid("id")
        // `#microsoft.graph.servicePrincipal`
        let type = try fields.optionalText("@odata.type")?.split(separator: ".").last.map(String.init)
        kind = type.map { PrincipalKind(word: $0) } ?? .unknown
        displayName = try fields.optionalText("displayName")
        userPrincipalName = try fields.optionalText("userPrincipalName")
        mail = try fields.optionalText("mail")
        applicationID = try fields.optionalGUID("appId")
        servicePrincipalKind = try fields.optionalText("servicePrincipalType")
        managedIdentity = try fields.list("alternativeNames", of: String.self).first { $0.hasPrefix("/subscriptions/") }.map(
            ResourceID.init)
    }
}

/// What the directory says about identities that were asked for.
public struct DirectoryNames: Hashable, Sendable {
    /// What it says about one.
    public enum Entry: Hashable, Sendable {
        /// It is there.
        case found(DirectoryObject)
        /// The directory did not return it: perhaps it was removed and its assignments are orphans. Only a request for this one alone can tell.
        case orphanCandidate
        /// The caller may not read names; nothing is known.
        case notPermitted
        /// It was not asked for.
        case notAsked
    }

    /// All that were found.
    public private(set) var found: [GUID: DirectoryObject] = [:]
    /// Those that were not returned.
    public private(set) var missing: Set<GUID> = []
    /// Those that the caller may not read.
    public private(set) var withheld: Set<GUID> = []

    /// Nothing.
    public init() {}

    /// What is known about an identity.
    public subscript(id: GUID) -> Entry {
        if let object = found[id] { return .found(object) }
        if missing.contains(id) { return .orphanCandidate }
        return withheld.contains(id) ? .notPermitted : .notAsked
    }

    package mutating func insert(_ objects: [DirectoryObject], asked ids: some Sequence<GUID>) {
        for object in objects { found[object.id] = object }
        for id in ids where found[id] == nil { missing.insert(id) }
    }

    package mutating func withhold(_ ids: some Sequence<GUID>) {
        for id in ids where found[id] == nil { withheld.insert(id) }
    }
}

/// Groups, or members of a group, as far as the caller may know them.
public enum DirectoryAnswer<Value: Sendable & Hashable>: Hashable, Sendable {
    /// All of them.
    case known(Value)
    /// The caller may not know. It is not the same as none.
    case notPermitted
}
