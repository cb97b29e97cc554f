internal import RESTClient

extension ResourceManagerClient {
    /// Sends a request for a role.
    /// - Parameters:
    ///   - draft: what is asked for.
    ///   - scope: where.
    ///   - name: a new GUID; sending the same one again does no harm.
    /// - Throws: ``AzureError``; ``AzureError/failedPolicyRules`` and ``AzureError/stepUp`` say what is missing.
    public func createRoleScheduleRequest(
        _ draft: RoleScheduleRequestDraft, at scope: ResourceID, name: GUID
    ) async throws(AzureError) -> Correlated<RoleScheduleRequest> {
        try await change(
            .put, Self.authorization(scope, "roleAssignmentScheduleRequests", name.canonical), version: APIVersion.schedules,
            body: draft.body, operation: "Requesting the role \(draft.roleDefinitionID.name) at \(scope)")
    }

    /// Asks what would come of a request, without making it.
    /// - Returns: the request as it would be; its status is a pending or a successful one.
    /// - Throws: ``AzureError`` as ``createRoleScheduleRequest(_:at:name:)`` would.
    public func validateRoleScheduleRequest(
        _ draft: RoleScheduleRequestDraft, at scope: ResourceID, name: GUID
    ) async throws(AzureError) -> RoleScheduleRequest {
        try await value(
            .post, Self.authorization(scope, "roleAssignmentScheduleRequests", name.canonical, "validate"), version: APIVersion.schedules,
            body: draft.body, operation: "Checking the request for the role \(draft.roleDefinitionID.name) at \(scope)")
    }

    /// Takes a request back.
    /// - Returns: what joins it to the Activity Log.
    /// - Throws: ``AzureError``.
    public func cancelRoleScheduleRequest(_ id: ResourceID) async throws(AzureError) -> String? {
        let answer = try await send(
            .post, id.appending("cancel"), version: APIVersion.schedules, operation: "Cancelling the role request \(id)")
        return Self.correlationID(answer)
    }

    /// Decides a stage of an approval. The interface of 2021-01-01-preview takes PATCH; clouds that do not know it are sent PUT.
    /// - Parameters:
    ///   - stage: its id, which need not end with its name.
    ///   - result: yes or no.
    ///   - justification: why.
    /// - Returns: the stage as it is then.
    /// - Throws: ``AzureError``; read the stage again to see who was faster.
    public func decide(
        _ stage: ResourceID, _ result: RoleAssignmentApproval.ReviewResult, justification: String
    ) async throws(AzureError) -> Correlated<RoleAssignmentApproval.Stage> {
        let body = RoleAssignmentApproval.Stage.decision(result, justification: justification)
        let operation = "Deciding about the approval \(stage)"
        do throws(AzureError) {
            return try await change(.patch, stage, version: APIVersion.approvals, body: body, operation: operation)
        } catch {
            guard error.status == 405 else { throw error }
        }
        return try await change(.put, stage, version: APIVersion.approvals, body: body, operation: operation)
    }
}
