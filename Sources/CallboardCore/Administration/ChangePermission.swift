/// Leave to change a namespace, without which ``Workspace/carryOut(_:with:)`` does nothing. Only a workspace gives it.
public struct ChangePermission: Hashable, Sendable {
    /// The context it holds for.
    let context: ContextTitle

    fileprivate init(_ context: ContextTitle) { self.context = context }
}

extension Workspace {
    /// Leave to change this namespace.
    ///
    /// An emulator or sandbox may be changed, and a context whose mode is read-write. Where the configuration says nothing, and wherever
    /// mistakes hurt customers, it takes the operator's word for this one time (`--allow-changes`). A context that the configuration
    /// makes read-only stays so.
    /// - Parameter allowed: whether the operator said that changes are allowed.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` that says what it takes.
    public nonisolated func changePermission(allowed: Bool) throws(OperatorError) -> ChangePermission {
        if title.mode == .readOnly, isFixedReadOnly {
            throw OperatorError(
                .refused, "Context '\(title.name)' is read-only by its configuration: nothing was changed.",
                hint: "Set 'mode: read-write' for it in the configuration file.")
        }
        guard allowed || (title.mode == .readWrite && !title.isProduction) else {
            throw OperatorError(
                .refused,
                title.isProduction
                    ? "Context '\(title.name)' is production: nothing was changed."
                    : "Context '\(title.name)' is read-only unless told otherwise: nothing was changed.",
                hint: "Look at the difference; then repeat it with --allow-changes.")
        }
        return ChangePermission(title)
    }

    /// Holds leave to change against this namespace.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` when it was given for another one.
    func check(_ permission: ChangePermission) throws(OperatorError) {
        guard permission.context == title else {
            throw OperatorError(.refused, "Leave to change '\(permission.context.name)' does not hold for '\(title.name)'.")
        }
    }
}
