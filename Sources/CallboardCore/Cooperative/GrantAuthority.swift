package import AzureResources

/// Whoever gives and takes roles: Azure, with the token of the person who acts and with no other. It alone enforces anything.
package protocol GrantAuthority: Sendable {
    /// Whether there is such an entity.
    func hasEntity(_ scope: CooperativeScope) async throws(OperatorError) -> Bool

    /// The role assignment of a name; nil when there is none.
    func assignment(_ id: ResourceID) async throws(OperatorError) -> RoleAssignment?

    /// Gives a role under a name; the same one again does no harm.
    /// - Returns: what joins it to the Activity Log.
    func assign(
        _ draft: RoleAssignmentDraft, at scope: CooperativeScope, name: GUID
    ) async throws(OperatorError) -> Correlated<RoleAssignment>

    /// Takes a role away.
    /// - Returns: false when it was gone.
    func remove(_ id: ResourceID) async throws(OperatorError) -> Correlated<Bool>

    /// Whether it is not known where the places that this context is about are, so that nothing can be listed.
    var isBlind: Bool { get }

    /// All role assignments of the places that this context is about.
    func assignments() async throws(OperatorError) -> [RoleAssignment]
}

extension GrantAuthority {
    package var isBlind: Bool { false }
}

extension CooperativeScope {
    /// The id of a role assignment at this place.
    package func assignment(named name: GUID) -> ResourceID {
        ResourceID("\(id.text)/providers/Microsoft.Authorization/roleAssignments/\(name.canonical)")
    }
}

/// Azure Resource Manager as ``GrantAuthority``.
package struct ResourceManagerGrants: GrantAuthority {
    private let manager: ResourceManagerClient
    private let scopes: [ResourceID]

    /// - Parameters:
    ///   - manager: acts with the token of whoever signed in.
    ///   - scopes: the namespaces whose assignments are listed.
    package init(_ manager: ResourceManagerClient, scopes: [ResourceID]) {
        self.manager = manager
        self.scopes = scopes
    }

    package var isBlind: Bool { scopes.isEmpty }

    package func hasEntity(_ scope: CooperativeScope) async throws(OperatorError) -> Bool {
        do throws(AzureError) {
            switch scope.kind {
            case .queue: _ = try await manager.queue(scope.id)
            case .topic: _ = try await manager.topic(scope.id)
            case .subscription: _ = try await manager.subscription(scope.id)
            }
            return true
        } catch {
            if error.code == .notFound { return false }
            throw OperatorError(error)
        }
    }

    package func assignment(_ id: ResourceID) async throws(OperatorError) -> RoleAssignment? {
        do throws(AzureError) { return try await manager.roleAssignment(id) } catch {
            if error.code == .notFound { return nil }
            throw OperatorError(error)
        }
    }

    package func assign(
        _ draft: RoleAssignmentDraft, at scope: CooperativeScope, name: GUID
    ) async throws(OperatorError) -> Correlated<RoleAssignment> {
        do throws(AzureError) { return try await manager.createRoleAssignment(draft, at: scope.id, name: name) } catch {
            throw OperatorError(error)
        }
    }

    package func remove(_ id: ResourceID) async throws(OperatorError) -> Correlated<Bool> {
        do throws(AzureError) { return try await manager.deleteRoleAssignment(id) } catch {
            if error.code == .notFound { return Correlated(false, correlationID: error.correlationID) }
            throw OperatorError(error)
        }
    }

    package func assignments() async throws(OperatorError) -> [RoleAssignment] {
        var found: [ResourceID: RoleAssignment] = [:]
        for scope in scopes {
            do throws(AzureError) {
                for assignment in try await manager.roleAssignments(.all, of: scope) { found[assignment.id] = assignment }
            } catch { throw OperatorError(error) }
        }
        return found.values.sorted { $0.id.text < $1.id.text }
    }
}
