internal import AzureResources
internal import Identity
package import ServiceBus

/// What else Azure knows that a desk asks for: ids of entities, what somebody has, who may agree.
package protocol AccessFacts: Sendable {
    /// The scope of an entity at which a role is to hold.
    func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope
    /// Somebody with their name and kind, as far as the directory tells.
    func party(_ party: AccessParty) async -> AccessParty
    /// What somebody has in the namespace, in words.
    func holdings(of party: AccessParty) async -> Reading<[String]>
    /// Who may agree to a request.
    func approvers(of request: AccessRequest) async -> [AccessParty]
    /// Looks at one message's properties, over a connection of its own: what an open one may do was settled when it showed its token.
    func look(into entity: EntityPath) async throws(OperatorError)
}

extension AccessFacts {
    /// Nobody can be asked: what was said is all that is known.
    package func party(_ party: AccessParty) async -> AccessParty { party }
}

/// What Azure Resource Manager knows.
package struct ManagerFacts: AccessFacts {
    let finder: ScopeFinder
    let place: NamespacePlace
    /// Opens the namespace anew.
    let open: @Sendable () throws(OperatorError) -> Workspace

    package func look(into entity: EntityPath) async throws(OperatorError) {
        let fresh = try open()
        let failure: OperatorError?
        do throws(OperatorError) {
            _ = try await fresh.peek(entity, from: nil, count: 1, options: PeekOptions(headersOnly: true))
            failure = nil
        } catch { failure = error }
        await fresh.close()
        if let failure { throw failure }
    }

    package func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
        try await finder.scope(of: path, for: role, in: place)
    }

    package func party(_ party: AccessParty) async -> AccessParty {
        let id = GUID(party.id)
        guard let object = try? await finder.reader.graph.names(of: [id]).found[id] else { return party }
        return AccessParty(id: party.id, name: object.displayName ?? object.userPrincipalName, kind: AccessParty.Kind(object.kind))
    }

    package func holdings(of party: AccessParty) async -> Reading<[String]> {
        guard let namespace = place.id else { return .unavailable("the namespace is not known") }
        let answer = await finder.reader.reading("Microsoft.Authorization/roleAssignments/read", at: namespace) { () throws(AzureError) in
            try await finder.manager.roleAssignments(.assignedTo(GUID(party.id), below: true), of: namespace)
        }
        return answer.map { assignments in
            assignments.map { assignment in
                let role = RoleDefinition.wellKnown.first { $0.role == assignment.role }?.roleName
                let title = AccessRole(id: assignment.role.canonical, name: role).title
                return "\(title) on \(AccessScope(id: assignment.scope.text).title)"
            }.sorted()
        }
    }

    package func approvers(of request: AccessRequest) async -> [AccessParty] {
        let scope = ResourceID(request.scope.id)
        let policy = try? await finder.manager.roleManagementPolicy(of: scope.roleDefinition(GUID(request.role.id)), at: scope)
        return (policy?.activation.approval?.stages ?? []).flatMap(\.approvers).map {
            AccessParty(id: $0.id.canonical, name: $0.name, kind: AccessParty.Kind($0.kind))
        }
    }
}

extension Workspace {
    /// The door to requests for roles here.
    /// - Parameters:
    ///   - environment: of the process; it says where the ledger is, and whether an agent acts.
    ///   - browser: opens an address in a browser of this machine, where cooperative requests and decisions are signed; nil where none can be opened.
    /// - Throws: ``OperatorError`` of kind usage where the context signs in to nothing; when nobody is signed in, or Azure cannot be reached.
    public nonisolated func accessDesk(
        environment: [String: String], browser: (@Sendable (String) async -> Void)? = nil
    ) async throws(OperatorError) -> AccessDesk {
        guard let signIn = accessSource as? ContextSignIn else {
            throw OperatorError(
                .usage, "'\(title.name)' does not sign in to Azure, where roles are asked for.",
                hint: "Give the context its 'namespace' and 'sign-in' in place of a connection string: docs/identity.md.")
        }
        return try await signIn.accessDesk(self, environment: environment, browser: browser)
    }
}

extension ContextSignIn {
    /// Whose tokens are used: who signed in, or whoever the credential that answers belongs to.
    /// - Throws: ``OperatorError`` when there is no token, or it does not say whose it is.
    func party() async throws(OperatorError) -> AccessParty {
        if let account { return AccessParty(id: account.objectID, name: account.displayName, kind: .person) }
        let token: AccessToken
        do throws(IdentityError) { token = try await chain.accessToken(for: .resourceManager(settings.cloud)) } catch {
            throw OperatorError(error)
        }
        guard let claims = UnverifiedTokenClaims(of: token), let id = claims.objectID else {
            throw OperatorError(.notPermitted, "The token does not say whose it is.", hint: "Sign in: callboard login.")
        }
        return AccessParty(id: id, name: claims.username ?? claims.name, kind: claims.isApplication ? .service : .person)
    }

    /// Where the context's namespace is in Azure, and what finds the ids of its entities.
    /// - Throws: ``OperatorError`` of kind usage when the context names none; when nobody is signed in, or Azure cannot be reached.
    func place() async throws(OperatorError) -> (finder: ScopeFinder, place: NamespacePlace) {
        let finder = ScopeFinder(reader: azure)
        return (finder, try await finder.place(host: try serviceHost, subscriptions: context.subscriptions))
    }

    /// The namespace anew, as whoever signed in.
    private func opened() throws(OperatorError) -> Workspace {
        try Workspace(context: context, access: try access(), signIn: self, caFile: caFile, environment: environment, logger: logger)
    }

    func accessDesk(
        _ workspace: Workspace, environment: [String: String], browser: (@Sendable (String) async -> Void)?
    ) async throws(OperatorError) -> AccessDesk {
        let guardrails = try workspace.guardrails(environment: environment)
        let me = try await party()
        var actor = workspace.acting.actor(isAgent: guardrails.caller.isAgent)
        // What the token says that Azure is sent: the Activity Log has the same.
        actor.oid = actor.oid ?? me.id
        let guarded = GuardedChange(
            guardrails: guardrails, ledger: AuditLedger(path: try AuditLedger.path(environment: environment)), actor: actor)
        let (finder, place) = try await place()
        var backends: [any AccessBackend] = [PrivilegedBackend(manager: finder.manager, me: me, place: place)]
        // Asked where Entra ID is not licensed to keep requests, or where somebody says so.
        if let queue = try await cooperativeBackend(guardrails: guardrails, manager: finder.manager, place: place, browser: browser) {
            backends.append(queue)
        }
        return AccessDesk(
            me: me, guarded: guarded, backends: backends,
            facts: ManagerFacts(finder: finder, place: place) { () throws(OperatorError) in try opened() }, title: workspace.title,
            announcer: BreakGlassAnnouncer(workspace, notify: try backstageVoice(environment: environment)))
    }
}
