internal import AzureResources
internal import Identity
internal import ServiceBus

/// What is not known of an assignment, and what follows from it: no plan takes away what may be needed, or may be gone by itself.
extension DriftInspector {
    /// Why it is not known what deny assignments take away; nil where it is.
    var unknownDenials: String? { index.picture.denials.whyUnknown ?? index.picture.unreadBelow.denials }

    /// Why it is not known when any assignment ends; nil where it is known of all.
    var unknownEnds: String? { index.picture.schedules.whyUnknown ?? index.picture.unreadBelow.schedules }

    /// Why it is not known when an assignment ends; nil where it is.
    func unknownEnd(_ item: Evaluated) -> String? {
        index.picture.schedules.whyUnknown ?? (item.isNamespaceWide ? nil : index.picture.unreadBelow.schedules)
    }

    /// What kind of identity an assignment's is, as far as anybody said.
    func kind(_ item: Evaluated) -> PrincipalKind { index.kind(item.assignment.principal, item.assignment.principalKind) }

    /// Whether others may act through an assignment who are not known: the members of its group, or of what may be a group.
    func isOpenGroup(_ item: Evaluated) -> Bool {
        let kind = kind(item)
        return (kind.isGroup || kind == .unknown) && index.picture.membership.members(of: item.assignment.principal) == nil
    }

    /// What is not known of an assignment that "somebody has this standing, and needs less" rests on.
    func doubts(_ item: Evaluated) -> [String] {
        var doubts: [String] = []
        if let reason = unknownEnd(item) { doubts.append("when it ends (role schedules: \(reason))") }
        if let reason = unknownDenials { doubts.append("what is denied (deny assignments: \(reason))") }
        if isOpenGroup(item) { doubts.append("who is in the group") }
        if item.binding.condition != nil { doubts.append("whether its condition is met, which is not evaluated here") }
        return doubts
    }

    /// Takes note of what may have been missed because only a part of the assignments, or of what they allow, is known.
    mutating func noteUnseenAssignments() {
        if let reason = index.picture.unreadBelow.assignments {
            skip(
                .overbroadRole, .orphanPrincipal, .humanStanding, .expiredGrant, .duplicate, .outsideWorkflow, .missing, .extra,
                because: "role assignments on entities: \(reason)")
        }
        let unread = Set(evaluated.filter { $0.binding.roleName == nil }.map(\.assignment.role))
        if let role = unread.sorted().first {
            skip(
                .overbroadRole, .overbroadScope, .extra, .humanStanding, .outsideWorkflow,
                because: "\(unread.count) roles could not be read, \(role.canonical) among them: what they allow is not known")
        }
        let uncertain = evaluated.count { !$0.binding.uncertainRights.isEmpty || uncertainBelow.contains($0.assignment.id) }
        if uncertain > 0 {
            skip(
                .overbroadRole, .overbroadScope, .extra, .humanStanding, .outsideWorkflow,
                because: "of \(uncertain) assignments it cannot be told whether a deny assignment takes them away")
        }
    }

    /// The entities on which a deny assignment takes away what an assignment that holds in the whole namespace gives on messages, or may.
    func deniedPlaces(_ item: Evaluated) -> [EntityPath] {
        deniedRights.compactMap { path, lost in
            // Nobody sends to a subscription.
            let rights = path.subscription == nil ? item.messageRights : item.messageRights.subtracting(.send)
            guard !rights.isEmpty, let lost = lost[item.assignment.id] else { return nil }
            return rights.isSubset(of: lost) ? path : nil
        }.sorted()
    }
}
