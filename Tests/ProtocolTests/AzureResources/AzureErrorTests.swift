import AzureResources
import Identity
import RESTClient
import Testing

@Suite("Errors of Azure", .enabled(if: AzureVectors.exist, AzureVectors.areMissing))
struct AzureErrorTests {
    /// What a call fails with when Azure answers with the body of a file.
    private func error(_ name: String, status: Int, headers: HeaderFields = [:]) async throws -> AzureError {
        let body = try AzureVectors.bytes("arm/synthetic/errors/\(name).json")
        let azure = ScriptedAzure { _, _ in RESTResponse(status: status, headers: headers, body: body) }
        do throws(AzureError) {
            _ = try await azure.resourceManager.roleAssignments(.all, of: ResourceID("/subscriptions/s"))
        } catch { return error }
        Issue.record("nothing failed")
        throw CancellationError()
    }

    @Test("a request that JSON has no words for is not sent, and above all not sent empty")
    func unwritable() async throws {
        #expect(throws: AzureJSON.Fault.self) { try AzureJSON.encode(["n": .number(.nan)]) }
        #expect(throws: AzureJSON.Fault.self) { try AzureJSON.encode(.array([.number(.infinity)])) }
        let azure = ScriptedAzure { _, _ in .text("{}") }
        let error = await #expect(throws: AzureError.self) {
            try await azure.resourceManager.send(
                .put, ResourceID("/subscriptions/1"), version: "1", body: ["n": .number(.infinity)], operation: "Writing")
        }
        #expect(error?.code == .refused)
        #expect(azure.exchange.requests.isEmpty)
    }

    @Test("say which right is missing, and where")
    func forbidden() async throws {
        let error = try await error(
            "403-AuthorizationFailed", status: 403, headers: ["x-ms-request-id": "r-1", "x-ms-correlation-request-id": "c-1"])
        #expect(error.code == .forbidden)
        #expect(error.serviceCode == "AuthorizationFailed")
        #expect(error.missingRight?.action == "Microsoft.Authorization/roleAssignments/write")
        #expect(error.missingRight?.scope.name == "05c5a614-a7d6-4502-b150-c2fb455033ff")
        #expect(error.requestID == "r-1")
        #expect(error.correlationID == "c-1")
        #expect(
            error.description.hasPrefix(
                "Listing the role assignments of /subscriptions/s failed (403 AuthorizationFailed): The client 'alice@"))
        #expect(error.description.contains("[request id r-1, correlation id c-1]"))
        #expect(error.hint.contains("It needs the action Microsoft.Authorization/roleAssignments/write at /subscriptions/"))
    }

    @Test("name the assignment that is in the way, without its dashes")
    func exists() async throws {
        let error = try await error("409-RoleAssignmentExists", status: 409)
        #expect(error.code == .conflict)
        #expect(error.existingRoleAssignment == GUID("47d5a904-80ad-53e1-aa11-828e33d16cef"))
        let pim = try await self.error("400-pim-RoleAssignmentExists", status: 400)
        #expect(pim.code == .conflict)
        #expect(pim.existingRoleAssignment == nil)
    }

    @Test("name the rules that a request for a role broke")
    func policy() async throws {
        #expect(try await error("400-pim-PolicyValidationFailed-Expiration", status: 400).failedPolicyRules == ["ExpirationRule"])
        let error = try await error("400-pim-PolicyValidationFailed-Justification-Mfa", status: 400)
        #expect(error.failedPolicyRules == ["JustificationRule", "MfaRule"])
        #expect(error.hint.contains("JustificationRule, MfaRule"))
        #expect(error.code == .refused)
    }

    @Test("say what a stronger sign-in must bring")
    func stepUp() async throws {
        let error = try await error("400-pim-AcrsValidationFailed", status: 400)
        #expect(error.stepUp == ClaimsChallenge(json: #"{"access_token":{"acrs":{"essential":true, "value":"c1"}}}"#))
        #expect(try await self.error("400-PrincipalNotFound", status: 400).stepUp == nil)
    }

    @Test(
        "say what to try",
        arguments: [
            ("400-PrincipalNotFound", "takes minutes"), ("400-RoleAssignmentLimitExceeded", "remove some"),
            ("400-pim-ActiveDurationTooShort", "five minutes"),
        ])
    func hints(name: String, words: String) async throws {
        #expect(try await error(name, status: 400).hint.contains(words))
    }

    @Test("of a role that is not there, as it was recorded")
    func recorded() async throws {
        let body = try AzureJSON.encode(try AzureVectors.answer("031"))
        let azure = ScriptedAzure { _, _ in RESTResponse(status: 404, body: body) }
        let error = await #expect(throws: AzureError.self) { try await azure.resourceManager.roleDefinition(ResourceID("/r")) }
        #expect(error?.code == .notFound)
        #expect(error?.serviceCode == "RoleDefinitionDoesNotExist")
        let rules = try AzureJSON.encode(try AzureVectors.answer("080"))
        let premium = ScriptedAzure { _, _ in RESTResponse(status: 400, body: rules) }
        #expect(try await premium.resourceManager.networkRuleSet(of: ResourceID("/n")) == nil)
    }

    @Test("without an envelope have at least their status, and long ones are cut")
    func bare() async throws {
        let azure = ScriptedAzure { _, _ in .text("<html>bad gateway</html>", status: 502) }
        let error = await #expect(throws: AzureError.self) { try await azure.resourceManager.subscriptions() }
        #expect(error?.code == .serviceFailed)
        #expect(error?.description == "Listing the Azure subscriptions failed (502): the service answered with status 502")
        let long = ScriptedAzure { _, _ in .error(400, "X", String(repeating: "x", count: 10_000)) }
        let cut = await #expect(throws: AzureError.self) { try await long.resourceManager.subscriptions() }
        #expect(cut?.message.count == 2000)
        let data = ScriptedAzure { _, _ in .error(409, "Conflict", "SubCode=40900. Conflict. CorrelationId: 4d54bb97-f943") }
        let conflict = await #expect(throws: AzureError.self) { try await data.resourceManager.subscriptions() }
        #expect(conflict?.subCode == "40900")
        #expect(conflict?.correlationID == "4d54bb97-f943")
    }
}
