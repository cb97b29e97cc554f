import Testing

@testable import Sandbox

/// The condition that `policy export-azure` writes, as text: read and held to by what stands in for Azure.
@Suite("Constrained delegation")
struct DelegationTests {
    private static let receiver = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
    private static let sender = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
    private static let owner = "090c5cfd-751d-490a-894a-3ce6f1109419"
    private static let (alice, bob, carol) = (
        "0e5e1000-0000-4000-8000-00000000000a", "0e5e1000-0000-4000-8000-00000000000b", "0e5e1000-0000-4000-8000-00000000000c"
    )

    private static func side(_ verb: String, _ source: String) -> String {
        let attribute = { (name: String) in "\(source)[Microsoft.Authorization/roleAssignments:\(name)]" }
        return "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/\(verb)'})) OR "
            + "(\(attribute("RoleDefinitionId")) ForAnyOfAnyValues:GuidEquals {\(receiver), \(sender)}"
            + " AND \(attribute("PrincipalId")) GuidNotEquals {\(alice)} AND \(attribute("PrincipalId")) GuidNotEquals {\(bob)}))"
    }
    private static let text = "\(side("write", "@Request")) AND \(side("delete", "@Resource"))"

    @Test(
        "the two roles go to everybody but those who approve, in both directions",
        arguments: [
            (receiver, carol, true), (sender, carol, true), (owner, carol, false), (receiver, alice, false), (sender, bob, false),
            (owner, alice, false),
        ])
    func holds(_ role: String, _ principal: String, _ isAllowed: Bool) throws {
        let condition = try RoleCondition(Self.text)
        let attributes = RoleCondition.Attributes(roleDefinitionID: role, principalID: principal, principalType: "User")
        #expect(condition.holds("Microsoft.Authorization/roleAssignments/write", request: attributes, resource: nil) == isAllowed)
        #expect(condition.holds("Microsoft.Authorization/roleAssignments/delete", request: nil, resource: attributes) == isAllowed)
        // Everything else that the role allows it goes on allowing.
        #expect(condition.holds("Microsoft.ServiceBus/namespaces/read", request: nil, resource: nil))
    }

    @Test("excluding both at once by 'any of' would exclude nobody")
    func anyOf() throws {
        let wrong = Self.text.replacing(
            "GuidNotEquals {\(Self.alice)}", with: "ForAnyOfAnyValues:GuidNotEquals {\(Self.alice), \(Self.carol)}")
        let attributes = RoleCondition.Attributes(roleDefinitionID: Self.receiver, principalID: Self.alice, principalType: "User")
        #expect(
            try RoleCondition(wrong).holds("Microsoft.Authorization/roleAssignments/write", request: attributes, resource: nil))
    }
}
