internal import Identity

/// Until when role assignments hold, from the schedules behind them.
struct BindingTerms {
    private struct Content: Hashable {
        let scope: ResourceID
        let role: GUID
        let principal: GUID
    }

    private var byAssignment: [ResourceID: RoleBinding.Term] = [:]
    /// For schedules that do not name the assignment behind them.
    private var byContent: [Content: RoleBinding.Term] = [:]

    init(_ terms: [RoleTerm]) {
        for term in terms {
            if let origin = term.assignment { byAssignment[origin] = Self.longer(byAssignment[origin], term.endsAt) }
            let content = Content(scope: term.scope, role: term.role, principal: term.principal)
            byContent[content] = Self.longer(byContent[content], term.endsAt)
        }
    }

    func term(of assignment: RoleAssignment, role: GUID) -> RoleBinding.Term {
        if byContent.isEmpty { return .standing }
        return byAssignment[assignment.id]
            ?? byContent[Content(scope: assignment.scope, role: role, principal: assignment.principal)] ?? .standing
    }

    /// Of two schedules behind one assignment, the one that ends later counts.
    private static func longer(_ term: RoleBinding.Term?, _ end: WallTime?) -> RoleBinding.Term {
        guard let end, term != .standing else { return .standing }
        guard case .until(let other) = term else { return .until(end) }
        return .until(max(end, other))
    }
}
