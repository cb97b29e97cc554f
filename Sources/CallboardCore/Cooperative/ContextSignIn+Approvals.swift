internal import AzureResources
internal import Identity
internal import Logging
internal import ServiceBus

extension ContextSignIn {
    /// The queue of signed requests of this context; nil where it has none, or nobody is signed in who could sign.
    /// - Parameter browser: opens an address in a browser of this machine.
    /// - Throws: ``OperatorError`` when Entra ID cannot be asked who issues tokens, or the namespace cannot be used.
    func cooperativeBackend(
        guardrails: Guardrails, manager: ResourceManagerClient, place: NamespacePlace, browser: (@Sendable (String) async -> Void)?
    ) async throws(OperatorError) -> CooperativeBackend? {
        guard let approvals = context.approvals, let account else { return nil }
        let issuer: (name: String, keys: SigningKeys)
        do throws(IdentityError) { issuer = try await entra.issuer() } catch { throw OperatorError(error) }
        var queue = context
        queue.endpoint = approvals.namespace
        queue.administrationPort = nil
        let access = try NamespaceAccess(
            queue, tokens: EntraTokenProvider(source: chain, scope: .serviceBus(settings.cloud)), identity: account.displayName)
        let namespace = Namespace(
            Namespace.Configuration(endpoint: access.messaging, caFile: caFile), tokens: access.tokens, logger: logger)
        let endpoint = NamespaceEndpoint(host: access.host, identity: access.identity, usesRoles: true)
        let clock = BrokerClock { .now }
        let desk = CooperativeDesk(
            transport: NamespaceTransport(namespace, endpoint: endpoint), entities: try CooperativeEntities(),
            signatures: SignatureVerifier(
                issuer: issuer.name, clientID: approvals.clientID, tenants: [account.tenantID], keys: issuer.keys),
            rules: CooperativeRules(guardrails, namespace: place.name),
            grants: ResourceManagerGrants(manager, scopes: place.id.map { [$0] } ?? []),
            signer: signer(approvals, account, clock, browser), clock: clock, person: GUID(account.objectID),
            pause: { duration in
                do {
                    try await Task.sleep(for: duration)
                    return true
                } catch { return false }
            })
        return CooperativeBackend(desk, as: account)
    }

    /// Signs by the browser of this machine: a flash of it, where somebody is signed in there.
    private func signer(
        _ approvals: ApprovalSettings, _ account: Account, _ clock: BrokerClock, _ browser: (@Sendable (String) async -> Void)?
    ) -> CooperativeSigner {
        guard let browser else {
            return .unavailable(because: "no browser can be opened, and a device code has no place for what is signed")
        }
        let (entra, caller) = (entra, account)
        return CooperativeSigner(.key, now: { clock.now }) { nonce throws(OperatorError) in
            var options = BrowserSignIn.Options()
            options.nonce = nonce
            options.loginHint = caller.preferredUsername.isEmpty ? nil : caller.preferredUsername
            // The application asks for itself and for no service.
            let signIn = BrowserSignIn(
                entra: entra, clientID: approvals.clientID, scope: TokenScope(resource: approvals.clientID),
                allowedTenants: [caller.tenantID])
            do throws(IdentityError) { return try await signIn.run(options, open: browser).proof } catch {
                throw OperatorError(error)
            }
        }
    }
}
