extension Workspace {
    /// Where the keys of the namespace are looked after.
    /// - Throws: ``OperatorError`` of kind usage where the context signs in to nothing, or names no namespace.
    public nonisolated func keyDesk() throws(OperatorError) -> KeyDesk {
        guard let signIn = accessSource as? ContextSignIn else {
            throw OperatorError(
                .usage, "'\(title.name)' does not sign in to Azure, which knows the shared access rules.",
                hint: "Give the context its 'namespace' and 'sign-in' in place of a connection string: docs/identity.md.")
        }
        return try signIn.keyDesk()
    }
}
