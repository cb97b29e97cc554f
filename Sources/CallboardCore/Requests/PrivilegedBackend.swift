package import AzureResources
internal import Identity
package import ServiceBus

/// Requests in Entra Privileged Identity Management, by Azure Resource Manager and with the own token of whoever is signed in.
///
/// Azure is the system of record here: it knows who asked and who decided, keeps approvers from deciding about their own requests, and ends what was granted. All
/// lists are those of one namespace: what lies elsewhere is not for this context's policy to judge.
package struct PrivilegedBackend: AccessBackend {
    /// The shortest time that Azure itself gives a role for, whatever the role's settings say.
    static let shortest = Duration.seconds(300)

    package let kind = AccessRequest.Backend.pim
    let manager: ResourceManagerClient
    let me: AccessParty
    let place: NamespacePlace
    let now: @Sendable () -> Timestamp

    /// A backend.
    /// - Parameters:
    ///   - me: whose token it acts with.
    ///   - place: the namespace.
    package init(
        manager: ResourceManagerClient, me: AccessParty, place: NamespacePlace, now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.manager = manager
        self.me = me
        self.place = place
        self.now = now
    }

    // MARK: Limits

    package func limits(for draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
        draft.principal.isSame(as: me) ? try await activationLimits(draft) : try await assignmentLimits(draft)
    }

    /// What an activation has to keep to. The eligibility that lies closest to the scope is the one that is activated.
    private func activationLimits(_ draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
        let what = "Looking for what you may ask for"
        let all = try await asked(what) { () throws(AzureError) in
            try await manager.roleEligibilityScheduleInstances(.asTarget, of: .root)
        }
        let (role, scope) = (GUID(draft.role.definitionID), ResourceID(draft.scope.id))
        let fitting = all.filter { $0.role == role && $0.scope.contains(scope) }
        guard let eligibility = fitting.max(by: { $0.scope.segments.count < $1.scope.segments.count }), let schedule = eligibility.schedule
        else { throw notEligible(draft, all) }
        var limits = AccessLimits(way: .activation(eligibility: GUID(schedule.name).canonical))
        limits.shortest = Self.shortest
        let policy = try await asked("Reading the limits of \(draft.role.title)") { () throws(AzureError) in
            try await manager.roleManagementPolicy(of: eligibility.roleDefinitionID, at: eligibility.scope)
        }
        guard let activation = policy?.activation else { return limits }
        limits.longest = activation.maximumDuration
        limits.needsReason = true
        limits.needsTicket = activation.requiresTicket
        limits.needsMultiFactor = activation.requiresMultiFactor
        limits.authenticationContext = activation.authenticationContext
        limits.needsApproval = activation.approval != nil
        limits.approvers = (activation.approval?.stages ?? []).flatMap(\.approvers).map { approver in
            AccessParty(id: approver.id.canonical, name: approver.name, kind: AccessParty.Kind(approver.kind))
        }
        return limits
    }

    private func notEligible(_ draft: AccessRequestDraft, _ all: [RoleScheduleInstance]) -> OperatorError {
        let here = all.filter { place.holds($0.scope) || $0.scope.contains(place.id ?? .root) }
        let choices = here.prefix(5).map { eligibility in
            let role = AccessRole(id: eligibility.role.canonical, name: eligibility.names?.roleName)
            return "\(role.title) on \(AccessScope(id: eligibility.scope.text).title)"
        }
        var error = OperatorError(
            .notPermitted,
            "You are not eligible for \(draft.role.title) on \(draft.scope.title) (EligibilityRule): an admin has to make you eligible first.",
            hint: choices.isEmpty
                ? "You are eligible for nothing in this namespace." : "You are eligible for \(choices.joined(separator: ", ")).",
            entity: draft.scope.entity)
        error.serviceCode = "EligibilityRule"
        return error
    }

    /// What an assignment with an end has to keep to. Whoever may not read the role's settings is told by Azure when it is asked.
    private func assignmentLimits(_ draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
        var limits = AccessLimits(way: .assignment)
        limits.shortest = Self.shortest
        let scope = ResourceID(draft.scope.id)
        let policy: RoleManagementPolicy?
        do throws(AzureError) {
            policy = try await manager.roleManagementPolicy(of: scope.roleDefinition(GUID(draft.role.definitionID)), at: scope)
        } catch {
            guard error.code == .forbidden else {
                throw OperatorError(privileged: error, doing: "Reading the limits of \(draft.role.title)")
            }
            return limits
        }
        for rule in policy?.rules ?? [] where rule.id == "Expiration_Admin_Assignment" {
            if case .expiration(_, let maximum) = rule.content { limits.longest = maximum }
        }
        return limits
    }

    // MARK: Asking

    package func check(_ draft: AccessRequestDraft, within limits: AccessLimits) async throws(OperatorError) {
        let body = body(draft, within: limits, as: .random())
        let request = try await asked("Checking the request") { () throws(AzureError) in
            try await manager.validateRoleScheduleRequest(body, at: ResourceID(draft.scope.id), name: GUID(AccessRequest.ID.random().text))
        }
        guard request.status.outcome == .failed else { return }
        throw OperatorError(
            .service, "Azure would not take the request: \(PrivilegedSentence.of(request.status))", entity: draft.scope.entity,
            serviceCode: request.status.rawValue)
    }

    package func submit(
        _ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        let body = body(draft, within: limits, as: id)
        let made = try await asked("Asking for \(draft.role.title) on \(draft.scope.title)") { () throws(AzureError) in
            try await manager.createRoleScheduleRequest(body, at: ResourceID(draft.scope.id), name: GUID(id.text))
        }
        let status = made.value.status
        // What is asked for oneself is a request, whatever comes of it. What is given is given or it is not.
        if case .assignment = limits.way, status.outcome == .failed {
            var refusal = OperatorError(
                .service,
                "Giving \(draft.role.title) on \(draft.scope.title) to \(draft.principal.title): \(PrivilegedSentence.of(status))",
                entity: draft.scope.entity, serviceCode: status.rawValue)
            refusal.correlationIDs = [made.correlationID].compactMap { $0 }
            throw refusal
        }
        return AccessChange(request(made.value), correlationIDs: made.correlationID)
    }

    private func body(_ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID) -> RoleScheduleRequestDraft {
        let scope = ResourceID(draft.scope.id)
        let isActivation = if case .activation = limits.way { true } else { false }
        var body = RoleScheduleRequestDraft(
            isActivation ? .selfActivate : .adminAssign, principal: GUID(draft.principal.id),
            roleDefinitionID: scope.roleDefinition(GUID(draft.role.definitionID)), justification: draft.reason,
            ticket: draft.ticket.map { TicketInfo(number: $0, system: nil) },
            schedule: ScheduleInfo(start: WallTime(now()), expiration: .after(draft.duration)))
        if case .activation(let eligibility) = limits.way { body.linkedEligibilitySchedule = eligibility }
        return body
    }

    package func cancel(_ request: AccessRequest, with leave: Authorization) async throws(OperatorError) -> AccessChange<AccessRequest> {
        let id = try await asked("Taking the request \(request.id.short) back") { () throws(AzureError) in
            try await manager.cancelRoleScheduleRequest(ResourceID(request.reference))
        }
        var changed = request
        changed.standing = .cancelled
        changed.sentence = PrivilegedSentence.of(.canceled)
        return AccessChange(changed, correlationIDs: id)
    }

    // MARK: Asking Azure

    /// What Azure answers, or what its refusal means.
    func asked<Value: Sendable>(
        _ what: String, _ ask: () async throws(AzureError) -> Value
    ) async throws(OperatorError) -> Value {
        do throws(AzureError) { return try await ask() } catch { throw OperatorError(privileged: error, doing: what) }
    }
}

extension OperatorError {
    /// What a refusal of Privileged Identity Management means to an operator: one sentence, with Azure's code and ids.
    init(privileged error: AzureError, doing what: String) {
        self.init(error)
        guard let sentence = PrivilegedSentence.of(error) else { return }
        message = "\(what): \(sentence)"
        hint = ""
        if error.code == .forbidden { code = .notPermitted }
    }
}

extension AccessChange {
    init(_ value: Value, correlationIDs ids: String?...) { self.init(value, correlationIDs: ids.compactMap { $0 }) }
}

extension WallTime {
    init(_ time: Timestamp) { self.init(secondsSince1970: time.milliseconds / 1000) }
}

extension AccessRequest.ID {
    /// A new one.
    package static func random() -> AccessRequest.ID {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        // Version 4, variant 1 (RFC 9562).
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return AccessRequest.ID(GUID(digits).canonical)
    }
}

extension AccessParty.Kind {
    init(_ kind: PrincipalKind) {
        switch kind {
        case .user: self = .person
        case .servicePrincipal: self = .service
        case .group, .foreignGroup: self = .group
        default: self = .unknown
        }
    }
}
