internal import ServiceBus

/// Leave to change a namespace, without which ``Workspace/carryOut(_:with:)`` does nothing. Only the ``Operator`` gives it, from an
/// ``Authorization``: where no policy was asked there is none.
public struct ChangePermission: Hashable, Sendable {
    /// The context it holds for.
    let context: ContextTitle
    /// What was allowed.
    let authorization: Authorization

    init(_ authorization: Authorization, _ context: ContextTitle) {
        self.authorization = authorization
        self.context = context
    }
}

extension Workspace {
    /// What stands before every change here.
    /// - Throws: ``OperatorError`` when the context names a policy that cannot be used.
    nonisolated func guardrails(environment: [String: String]) throws(OperatorError) -> Guardrails {
        try Guardrails(context, title: title, acting: acting, environment: environment)
    }

    /// Holds leave against this namespace, and against what is to be done to which entity.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` when it was given for another one, or for something else.
    nonisolated func check(_ permission: ChangePermission, _ action: PolicyAction, on entity: EntityPath) throws(OperatorError) {
        guard permission.context == title else {
            throw OperatorError(.refused, "Leave to change '\(permission.context.name)' does not hold for '\(title.name)'.")
        }
        do throws(Denial) {
            try permission.authorization.check(action, on: entity, of: title.endpoint, in: title.name)
        } catch { throw error.operatorError }
    }
}
