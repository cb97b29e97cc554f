@testable internal import AzureResources
internal import FuzzSupport
@testable internal import Identity
internal import NIOCore
internal import RESTClient

/// What Entra ID, Azure Resource Manager and Microsoft Graph answer, from arbitrary bytes: read or refused, never a trap.
///
/// - A token that is taken lives on, and can be part of a header.
/// - A challenge that is taken is JSON; no answer to it takes our capabilities away.
/// - Ids that were read are equal to themselves written again.
func fuzzAnswers(_ input: [UInt8]) {
    let buffer = ByteBuffer(bytes: input)
    let now = WallTime(secondsSince1970: 1_800_000_000)
    if let grant = TokenGrant(body: buffer, at: now) {
        hold(grant.token.isValid(at: now), "a token is taken that has ended")
        grant.token.secret.withRevealedText { hold(HeaderText.isToken($0), "a token is taken that would end a header") }
    }
    _ = SigningKeys.parse(input)
    if let configuration = OpenIDConfiguration(body: input) {
        hold(LoopbackURL.isSafeForSecrets(configuration.keysURL), "keys are asked for in the clear")
    }
    _ = EntraFault(status: 400, body: buffer.readableBytesView, correlationID: "c", redacting: { $0 })?.failure(asking: "token")
    _ = AzureCLICredential.parse(input, at: now)
    let text = String(decoding: input, as: UTF8.self)
    if let challenge = ClaimsChallenge(wwwAuthenticate: text) {
        hold(ClaimsRequest.json(answering: challenge).contains("CP1"), "a challenge takes the capabilities away")
    }
    pages(buffer)
    _ = AzureError(operation: "Reading", answer: RESTResponse(status: 400, body: buffer)).description
    let id = ResourceID(text)
    hold(ResourceID(id.text) == id, "an id is not equal to itself")
    hold(id.scopes.allSatisfy { $0.contains(id) || $0 == id }, "an id is not in its own scopes")
}

private func pages(_ buffer: ByteBuffer) {
    if let page = try? AzureJSON.decode(Page<RoleAssignment>.self, from: buffer) {
        let matrix = AccessMatrix(assignments: page.value, roles: [])
        for assignment in page.value.prefix(4) { _ = matrix.bindings(on: assignment.scope, expandingGroups: true) }
    }
    _ = try? AzureJSON.decode(Page<RoleDefinition>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<DenyAssignment>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<RoleScheduleInstance>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<QueueResource>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<SubscriptionResource>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<NamespaceResource>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<ActivityEvent>.self, from: buffer)
    _ = try? AzureJSON.decode(Page<DirectoryObject>.self, from: buffer)
}
