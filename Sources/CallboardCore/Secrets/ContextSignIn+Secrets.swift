internal import AzureResources
internal import Identity
internal import RESTClient
internal import ServiceBus

/// What tokens and keys need of a context that signs in.
extension ContextSignIn {
    /// Where tokens are handed out.
    /// - Throws: ``OperatorError`` of kind usage when the context names no namespace.
    public func tokenDesk() throws(OperatorError) -> TokenDesk { try TokenDesk(self) }

    /// Where keys are looked after.
    /// - Throws: ``OperatorError`` of kind usage when the context names no namespace.
    public func keyDesk() throws(OperatorError) -> KeyDesk { try KeyDesk(self) }

    /// The namespace in Azure Resource Manager.
    func azurePlace() async throws(OperatorError) -> AzurePlace {
        try await .find(try serviceHost, subscriptions: context.subscriptions, reader: azure)
    }

    /// Policy and ledger, for whoever acts here. The policy's file is read anew.
    /// - Throws: ``OperatorError`` when the policy cannot be used, or there is no place for a ledger.
    func guarded() throws(OperatorError) -> GuardedChange {
        // By the name that the policy's rules for messages have it, too.
        let title = ContextTitle(
            name: context.name, endpoint: try access().host, environment: context.environment, isProduction: context.isProduction,
            mode: context.effectiveMode(isEmulator: false), signsIn: true)
        let guardrails = try Guardrails(context, title: title, acting: acting, environment: environment)
        return GuardedChange(
            guardrails: guardrails, ledger: AuditLedger(path: try AuditLedger.path(environment: environment)),
            actor: acting.actor(isAgent: guardrails.caller.isAgent))
    }

    /// A place that secrets go to.
    /// - Throws: ``OperatorError`` of kind usage when a vault's address cannot be used.
    func sink(_ destination: SecretDestination) throws(OperatorError) -> any SecretSink {
        switch destination {
        case .file(let path): return SecretFileSink(path)
        case .socket(let path): return SecretSocketSink(path)
        case .vault(let text):
            do throws(KeyVaultSecretAddress.Problem) {
                let address = try KeyVaultSecretAddress(parsing: text, cloud: settings.cloud)
                let client = KeyVaultClient(vault: address.vault, cloud: settings.cloud, tokens: chain, client: http)
                return SecretVaultSink(address, client: client)
            } catch {
                throw OperatorError(.usage, "'\(text.prefix(300))' \(error.message).", hint: "Write VAULT/NAME.")
            }
        }
    }

    /// The application that has a role on an entity: one named for it before one for any.
    func roleIdentity(_ role: PolicyRole, on entity: EntityPath) -> RoleIdentity? {
        let fit = settings.roleIdentities.filter { $0.role == role }
        let names: Set = [entity.displayName.lowercased(), entity.address.lowercased()]
        return fit.first { $0.entity.map { names.contains($0.lowercased()) } ?? false } ?? fit.first { $0.entity == nil }
    }

    /// The credential of an application: a token of another issuer, in a file.
    /// - Throws: ``OperatorError`` of kind usage when no file is named.
    func credential(of identity: RoleIdentity) throws(OperatorError) -> any AccessTokenSource {
        guard let file = identity.tokenFile ?? environment["AZURE_FEDERATED_TOKEN_FILE"].flatMap({ $0.isEmpty ? nil : $0 }) else {
            throw OperatorError(
                .usage, "The application \(identity.clientID) proves itself with another issuer's token, and no file with one is named.",
                hint: "Give it a 'token-file' under 'role-identities', or set AZURE_FEDERATED_TOKEN_FILE.")
        }
        // Not kept in the cache: what outlives this process is what was handed over.
        return FederatedAssertionCredential(entra: entra, clientID: identity.clientID, assertion: .file(file))
    }
}
