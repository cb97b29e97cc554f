internal import AzureResources
internal import Identity
internal import ServiceBus

/// Ends what tokens rest on: the activation of a role. A token itself cannot be taken back.
struct TokenRevocation: Sendable {
    let place: AzurePlace
    let guarded: GuardedChange
    var name: @Sendable () -> GUID = { GUID(Self.randomName()) }

    /// Ends the caller's own activations of a role that open an entity.
    /// - Returns: what was ended, and what lives on, in sentences.
    /// - Throws: ``OperatorError``: not found when nothing is active; what Azure says, such as that an activation has to last five minutes.
    func end(
        _ role: PolicyRole, on entity: EntityPath, kind: PolicyScope.Kind, reason: String?, ticket: String?
    ) async throws(OperatorError) -> [String] {
        let guardrails = guarded.guardrails
        var question = guardrails.question(.revokeAccess, on: entity, kind: kind)
        question.role = role
        // It is one's own: no policy is in the way of having less.
        let leave = guardrails.authorize(givingUp: question, reason: reason)
        let scope = try await place.scope(of: entity)
        let mine: [RoleScheduleInstance]
        do throws(AzureError) { mine = try await place.manager.roleAssignmentScheduleInstances(.asTarget, of: scope) } catch {
            throw OperatorError(error)
        }
        let wanted = role == .sender ? RoleDefinition.BuiltIn.serviceBusDataSender : RoleDefinition.BuiltIn.serviceBusDataReceiver
        let active = mine.filter {
            $0.role == wanted && $0.standing == .assignment(.activated) && $0.scope.contains(scope)
        }
        guard !active.isEmpty else {
            throw OperatorError(
                .notFound, "You have no activated role \(role.rawValue) that opens \(entity.displayName).",
                hint:
                    "A standing role is taken away with its assignment ('callboard bindings' shows it); a signature lives until its end, unless the key is made anew ('callboard keys rotate').",
                entity: entity)
        }
        var sentences: [String] = []
        for instance in active {
            var event = AuditEvent(leave, .intended, by: guarded.actor, in: guardrails.place, entity: entity)
            event.ticket = ticket
            event.access = AuditEvent.Access(
                request: nil, principal: instance.principal.canonical, role: role.rawValue, scope: instance.scope.text, duration: nil)
            event.credential = AuditCredential(.token, name: "\(role.rawValue) of \(entity.displayName)", step: "deactivate")
            let draft = RoleScheduleRequestDraft(
                .selfDeactivate, principal: instance.principal, roleDefinitionID: instance.roleDefinitionID, justification: reason)
            let place = place
            let name = name()
            _ = try await guarded.carryOut(event) { () throws(OperatorError) -> Correlated<RoleScheduleRequest> in
                let made: Correlated<RoleScheduleRequest>
                do throws(AzureError) {
                    made = try await place.manager.createRoleScheduleRequest(draft, at: instance.scope, name: name)
                } catch {
                    throw OperatorError(error)
                }
                let status = made.value.status
                guard !status.keepsRole else {
                    var refusal = OperatorError(
                        .service, "The role \(role.rawValue) at \(instance.scope) is there still. \(PrivilegedSentence.ofEnd(status))",
                        entity: entity, serviceCode: status.rawValue)
                    refusal.correlationIDs = [made.correlationID].compactMap { $0 }
                    throw refusal
                }
                return made
            } done: {
                $1.correlationRequestIDs = $0.correlationID.map { [$0] } ?? []
            }
            sentences.append("The role \(role.rawValue) at \(instance.scope) is deactivated.")
        }
        sentences.append(
            "Links that are open may live until their token ends, an hour at most; new ones are refused when the change has got about, within minutes."
        )
        sentences.append(
            "A signature of a shared key is not touched by this: it lives until its end, unless the key is made anew (callboard keys rotate)."
        )
        return sentences
    }

    /// A GUID of chance (RFC 9562, version 4).
    private static func randomName() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array(bytes.hexadecimal)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}
