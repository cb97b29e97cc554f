internal import AzureResources
package import ServiceBus

/// What stands around every change, whatever is changed: the policy is asked and a refusal written down; the ledger says that it is going to be done before
/// it is, and afterwards what came of it. Where the ledger cannot be written, nothing is done.
package struct GuardedChange: Sendable {
    /// What is asked.
    package let guardrails: Guardrails
    /// Where it is written down.
    package let ledger: AuditLedger
    /// Who acts.
    package let actor: AuditActor

    package init(guardrails: Guardrails, ledger: AuditLedger, actor: AuditActor) {
        self.guardrails = guardrails
        self.ledger = ledger
        self.actor = actor
    }

    /// Asks for leave. A refusal is in the ledger when this throws.
    /// - Parameters:
    ///   - question: what the ledger says was asked.
    ///   - entity: what it is about.
    ///   - access: the role it is about.
    ///   - ask: asks the guardrails.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused``.
    package func authorize(
        _ question: PolicyQuestion, entity: EntityPath?, access: AuditEvent.Access? = nil,
        _ ask: (Guardrails) throws(Denial) -> Authorization
    ) async throws(OperatorError) -> Authorization {
        let denial: Denial
        do throws(Denial) { return try ask(guardrails) } catch { denial = error }
        var event = AuditEvent(denial, question, by: actor, in: guardrails.place, entity: entity)
        event.access = access
        try await ledger.append(event)
        var error = denial.operatorError
        error.entity = entity
        throw error
    }

    /// Does something between its two records.
    /// - Parameters:
    ///   - intended: the record of what is going to be done.
    ///   - change: does it.
    ///   - done: adds to the record what is known of the result.
    ///   - ended: adds to the record what is known however it ended.
    /// - Throws: ``OperatorError``: what `change` throws; ``OperatorError/Code/partlyDone`` when it is done and could not be written down.
    package func carryOut<Result: Sendable>(
        _ intended: AuditEvent, _ change: () async throws(OperatorError) -> Result,
        done: (Result, inout AuditEvent) -> Void = { _, _ in }, ended: (inout AuditEvent) -> Void = { _ in }
    ) async throws(OperatorError) -> Result {
        var event = intended
        try await ledger.append(event)
        let result: Result
        do throws(OperatorError) { result = try await change() } catch {
            event.stage = error.auditStage(of: event)
            if let shortfall = error.shortfall {
                event.counts = AuditEvent.Counts(
                    planned: shortfall.count, done: shortfall.sent, failed: shortfall.notSent.count, unknown: shortfall.unknown.count)
            }
            event.trackingIDs = error.trackingID.map { [$0] } ?? []
            event.correlationRequestIDs = error.correlationIDs
            ended(&event)
            var told = error
            do throws(OperatorError) { try await ledger.append(event) } catch { told.message += " \(error.message)" }
            throw told
        }
        event.stage = .done
        ended(&event)
        done(result, &event)
        do throws(OperatorError) { try await ledger.append(event) } catch {
            throw OperatorError(
                .partlyDone, "It is done, and that could not be written down: \(error.message)", hint: error.hint, entity: event.entity)
        }
        return result
    }
}

extension OperatorError {
    /// How the ledger calls something that ended so, by what it was about.
    func auditStage(of event: AuditEvent) -> AuditEvent.Stage {
        if let shortfall, !shortfall.isTotal { return .partly }
        if event.access != nil { return auditStageOfAccess }
        // A key may be new all the same, and Azure's Activity Log says that it is: whoever compares them finds this record.
        return event.credential != nil && isOutcomeUnknown ? .partly : auditStage
    }

    /// How the ledger calls a change that ended so.
    var auditStage: AuditEvent.Stage {
        switch code {
        case .notPermitted, .refused: .refused
        // No answer: it may have been done.
        case .partlyDone, .timeout: .partly
        case .cancelled: .cancelled
        default: .failed
        }
    }

    /// How the ledger calls a change of who may do what that ended so. Only an answer that says no says that nobody has a role by it: without one Azure may
    /// have given it.
    var auditStageOfAccess: AuditEvent.Stage {
        switch code {
        case .unreachable, .protocolMismatch: .partly
        // Azure took the request, which its log has, and did not carry it out.
        case .service where !correlationIDs.isEmpty && PrivilegedSentence.knownStatuses.contains(serviceCode ?? ""): .partly
        default: isOutcomeUnknown ? .partly : auditStage
        }
    }
}
