internal import AzureResources
internal import Identity
internal import ServiceBus

/// What Privileged Identity Management knows of requests and grants.
extension PrivilegedBackend {
    package func inbox() async throws(OperatorError) -> AccessListing<AccessRequest> {
        let all = try await asked("Listing what waits for you") { () throws(AzureError) in
            try await manager.roleScheduleRequests(.asApprover, of: .root)
        }
        let waiting = all.filter { place.holds($0.scope) && $0.status.outcome == .pending }.map { request($0) }
        return AccessListing(
            waiting.sorted { first, second in
                (first.askedAt?.milliseconds ?? 0, first.id.text) < (second.askedAt?.milliseconds ?? 0, second.id.text)
            })
    }

    package func own() async throws(OperatorError) -> AccessListing<AccessRequest> {
        var seen: Set<ResourceID> = []
        var found: [RoleScheduleRequest] = []
        for filter in [ScheduleFilter.asTarget, .asRequestor] {
            found += try await asked("Listing your requests") { () throws(AzureError) in
                try await manager.roleScheduleRequests(filter, of: .root)
            }
        }
        let own = found.filter { Self.gives($0.kind) && place.holds($0.scope) && seen.insert($0.id).inserted }.map { request($0) }
        return AccessListing(
            own.sorted { first, second in
                (first.askedAt?.milliseconds ?? 0, first.id.text) > (second.askedAt?.milliseconds ?? 0, second.id.text)
            })
    }

    package func request(_ id: AccessRequest.ID) async throws(OperatorError) -> AccessRequest {
        let known = try await inbox().elements + own().elements
        if let one = known.first(where: { $0.id == id }) { return await withDecision(one) }
        // What is decided is in nobody's inbox any more: whoever may read requests in the namespace finds it there.
        if let namespace = place.id {
            do throws(AzureError) {
                // The beginning of an id is enough where only one begins so.
                let all = try await manager.roleScheduleRequests(.all, of: namespace).filter {
                    AccessRequest.ID($0.id.name).text.hasPrefix(id.text)
                }
                if let one = all.first, all.count == 1 { return await withDecision(request(one)) }
            } catch {
                guard error.code == .forbidden || error.code == .notFound else {
                    throw OperatorError(privileged: error, doing: "Looking for the request \(id.short)")
                }
            }
        }
        throw OperatorError(
            .notFound, "There is no request \(id.short), or it is not for your eyes.", hint: "'callboard access list' shows what is.")
    }

    /// Requests that give something: those that end a role are told apart.
    static func gives(_ kind: ScheduleRequestKind) -> Bool { kind != .selfDeactivate && kind != .adminRemove }

    /// A request with who decided, where there was an approval.
    private func withDecision(_ request: AccessRequest) async -> AccessRequest {
        guard !request.standing.isOpen, let approval = request.approvalReference else { return request }
        guard let stage = try? await manager.approvalStages(of: ResourceID(approval)).first(where: { $0.reviewer != nil }) else {
            return request
        }
        var request = request
        let reviewer = stage.party
        switch request.standing {
        case .granted(let until, _): request.standing = .granted(until: until, by: reviewer)
        case .denied:
            request.standing = .denied(by: reviewer, reason: stage.justification)
            request.sentence =
                "\(reviewer?.title ?? "An approver") said no\(stage.justification.map { ": \($0)" } ?? "."): ask for what they would agree to."
        default: break
        }
        return request
    }

    /// A request of Azure's as an operator sees it.
    func request(_ request: RoleScheduleRequest) -> AccessRequest {
        let name = request.names?.principalName
        let principal = AccessParty(id: request.principal.canonical, name: name, kind: AccessParty.Kind(request.principalKind))
        let requester = request.requestor.map { id in
            if AccessParty(id: id.canonical).isSame(as: principal) { return principal }
            return AccessParty(id: id.canonical, name: id.canonical == me.id ? me.name : nil, kind: .unknown)
        }
        var sentence = PrivilegedSentence.of(request.status)
        let standing = standing(request)
        if case .ended = standing, request.status.outcome == .succeeded { sentence = "Its time is over: ask anew if it is still needed." }
        return AccessRequest(
            id: AccessRequest.ID(request.id.name), backend: .pim, requester: requester ?? principal, principal: principal,
            role: AccessRole(id: request.role.canonical, name: request.names?.roleName), scope: AccessScope(id: request.scope.text),
            duration: request.schedule?.duration, reason: request.justification ?? "", ticket: request.ticket?.number,
            askedAt: request.createdAt.map { Timestamp($0) }, standing: standing, sentence: sentence, reference: request.id.text,
            approvalReference: request.approval?.text)
    }

    private func standing(_ request: RoleScheduleRequest) -> AccessRequest.Standing {
        switch request.status {
        case .canceled: return .cancelled
        case .timedOut: return .expired
        case .revoked: return .ended
        case .denied, ScheduleStatus(rawValue: "AdminDenied"): return .denied(by: nil, reason: nil)
        default: break
        }
        switch request.status.outcome {
        case .succeeded:
            let end = request.schedule?.end
            if let end, end <= now() { return .ended }
            return .granted(until: end, by: nil)
        case .pending:
            // The service's own limit, which no setting changes.
            return .waiting(until: request.createdAt.map { Timestamp($0).advanced(by: .seconds(86_400)) })
        case .failed, .unknown: return .failed(request.status.rawValue)
        }
    }

    // MARK: Grants

    package func active() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        var instances: [RoleScheduleInstance]
        var notes: [RoleAssignment] = []
        var gaps: [RequestGap] = []
        let what = "Listing the roles in force"
        if let namespace = place.id {
            do throws(AzureError) {
                instances = try await manager.roleAssignmentScheduleInstances(.all, of: namespace) { $0.endsAt != nil }
            } catch {
                // A tenant without it has no schedules; notes are all there is.
                guard error.code == .forbidden || error.serviceCode == "AadPremiumLicenseRequired" else {
                    throw OperatorError(privileged: error, doing: what)
                }
                instances = error.code == .forbidden ? try await ownInstances(what) : []
                if error.code == .forbidden { gaps.append(gap("the schedules of others", error)) }
            }
            do throws(AzureError) {
                notes = try await manager.roleAssignments(.all, of: namespace) { $0.note.flatMap { GrantNote($0) } != nil }
            } catch {
                guard error.code == .forbidden else { throw OperatorError(privileged: error, doing: what) }
                gaps.append(gap("roles that only a note gives an end", error))
            }
        } else {
            instances = try await ownInstances(what)
            gaps.append(blind("your own schedules are listed, and nothing else is known"))
        }
        var grants = instances.compactMap { grant($0) }
        let kept = Set(instances.filter { $0.endsAt != nil }.compactMap(\.originRoleAssignment))
        grants += notes.filter { !kept.contains($0.id) }.compactMap { grant($0) }
        return AccessListing(grants.sorted { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) }, gaps: gaps)
    }

    /// By two filters of Azure's, which answer with a page each: of a large estate all that there is takes dozens.
    package func ownActive() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        let what = "Listing your roles in force"
        var listing = AccessListing<ActiveGrant>()
        var instances: [RoleScheduleInstance] = []
        do throws(AzureError) {
            instances = try await manager.roleAssignmentScheduleInstances(.asTarget, of: .root)
        } catch {
            // A tenant without it has no schedules; notes are all there is.
            guard error.serviceCode == "AadPremiumLicenseRequired" else { throw OperatorError(privileged: error, doing: what) }
        }
        var notes: [RoleAssignment] = []
        if let namespace = place.id {
            do throws(AzureError) {
                notes = try await manager.roleAssignments(.principal(GUID(me.id)), of: namespace) {
                    $0.note.flatMap { GrantNote($0) } != nil
                }
            } catch {
                guard error.code == .forbidden else { throw OperatorError(privileged: error, doing: what) }
                listing.gaps.append(gap("roles that only a note gives an end", error))
            }
        } else {
            listing.gaps.append(blind("your own schedules are listed, and roles that only a note gives an end are not known"))
        }
        let kept = Set(instances.filter { $0.endsAt != nil }.compactMap(\.originRoleAssignment))
        let grants = instances.compactMap { grant($0) } + notes.filter { !kept.contains($0.id) }.compactMap { grant($0) }
        listing.elements = grants.filter { $0.principal.isSame(as: me) }.sorted { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) }
        return listing
    }

    /// What Azure does not show of a namespace that it does not show.
    private func blind(_ what: String) -> RequestGap {
        RequestGap(
            backend: .pim,
            error: OperatorError(
                .notPermitted, "Azure shows you nothing of the namespace \(place.name): \(what).", hint: "It takes Reader on the namespace."
            ))
    }

    /// What may not be listed, and why.
    private func gap(_ what: String, _ error: AzureError) -> RequestGap {
        var refusal = OperatorError(error)
        refusal.code = .notPermitted
        refusal.message = "you may not list \(what)"
        refusal.hint = "It takes \(refusal.neededRight ?? "Reader on the namespace")."
        return RequestGap(backend: .pim, error: refusal)
    }

    private func ownInstances(_ what: String) async throws(OperatorError) -> [RoleScheduleInstance] {
        try await asked(what) { () throws(AzureError) in try await manager.roleAssignmentScheduleInstances(.asTarget, of: .root) }
    }

    private func grant(_ instance: RoleScheduleInstance) -> ActiveGrant? {
        guard let end = instance.endsAt, place.holds(instance.scope), case .assignment(let kind) = instance.standing else { return nil }
        return ActiveGrant(
            id: instance.id.text, backend: .pim, request: nil,
            principal: AccessParty(
                id: instance.principal.canonical, name: instance.names?.principalName, kind: AccessParty.Kind(instance.principalKind)),
            role: AccessRole(id: instance.role.canonical, name: instance.names?.roleName), scope: AccessScope(id: instance.scope.text),
            beganAt: instance.startsAt.map { Timestamp($0) }, endsAt: Timestamp(end), keeper: .azure(isActivation: kind == .activated),
            assignment: instance.originRoleAssignment?.text)
    }

    private func grant(_ assignment: RoleAssignment) -> ActiveGrant? {
        guard let note = assignment.note.flatMap({ GrantNote($0) }), place.holds(assignment.scope) else { return nil }
        return ActiveGrant(
            id: assignment.id.text, backend: .pim, request: AccessRequest.ID(note.request),
            principal: AccessParty(id: assignment.principal.canonical, kind: AccessParty.Kind(assignment.principalKind)),
            role: AccessRole(id: assignment.role.canonical), scope: AccessScope(id: assignment.scope.text),
            beganAt: assignment.createdAt.map { Timestamp($0) }, endsAt: Timestamp(note.expires), keeper: .note,
            grantedBy: assignment.createdBy.map { AccessParty(id: $0.canonical) }, assignment: assignment.id.text)
    }
}

extension ScheduleInfo {
    /// For how long it is; nil without an end, or where that is not said.
    var duration: Duration? {
        switch expiration {
        case .never: nil
        case .after(let duration): duration
        case .at(let end):
            start.map { start in
                let (seconds, overflow) = end.secondsSince1970.subtractingReportingOverflow(start.secondsSince1970)
                return .seconds(overflow ? .max : seconds)
            }
        }
    }

    /// When it ends; nil without an end, or where that is not said.
    var end: Timestamp? {
        switch expiration {
        case .never: nil
        case .after(let duration): start.map { Timestamp($0).advanced(by: duration) }
        case .at(let end): Timestamp(end)
        }
    }
}

extension RoleAssignmentApproval.Stage {
    /// Who decided it.
    var party: AccessParty? {
        reviewer.flatMap { reviewer in
            reviewer.id.map { AccessParty(id: $0.canonical, name: reviewer.name ?? reviewer.userPrincipalName, kind: .person) }
        }
    }
}
