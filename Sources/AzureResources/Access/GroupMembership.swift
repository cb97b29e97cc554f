/// Who is in which group, as far as the directory was allowed to say. What is not in it is not known, which is not the same as nobody.
///
/// Memberships are transitive: members of groups in a group are members of it.
public struct GroupMembership: Hashable, Sendable {
    /// A member.
    public struct Member: Hashable, Sendable {
        /// Its object id.
        public let id: GUID
        /// What it is.
        public let kind: PrincipalKind

        /// A member.
        public init(id: GUID, kind: PrincipalKind) {
            self.id = id
            self.kind = kind
        }
    }

    private var members: [GUID: [Member]] = [:]
    private var groups: [GUID: Set<GUID>] = [:]
    /// What lists of members say about their members' groups: some of them, perhaps not all.
    private var knownGroups: [GUID: Set<GUID>] = [:]

    /// Nothing is known.
    public init() {}

    /// Takes note of all members of a group.
    public mutating func setMembers(_ members: [Member], of group: GUID) {
        for former in self.members[group] ?? [] { knownGroups[former.id]?.remove(group) }
        self.members[group] = members
        for member in members { knownGroups[member.id, default: []].insert(group) }
    }

    /// Takes note of all groups of an identity.
    public mutating func setGroups(_ groups: Set<GUID>, of principal: GUID) { self.groups[principal] = groups }

    /// The members of a group; nil when they are not known.
    public func members(of group: GUID) -> [Member]? { members[group] }

    /// The groups of an identity that are known, and whether these are all.
    public func groups(of principal: GUID) -> (groups: Set<GUID>, areAll: Bool) {
        let some = knownGroups[principal] ?? []
        guard let all = groups[principal] else { return (some, false) }
        return (all.union(some), true)
    }

    /// Whether an identity is in a group; nil when nobody knows.
    public func isMember(_ principal: GUID, of group: GUID) -> Bool? {
        let (groups, areAll) = groups(of: principal)
        if groups.contains(group) { return true }
        // A group whose members are all known settles it as well.
        return areAll || members[group] != nil ? false : nil
    }
}
