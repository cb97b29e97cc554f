import AzureResources
import Testing

@testable import CallboardCore

@Suite("The condition under which approvers give roles")
struct DelegationConditionTests {
    private typealias Scene = AzureGuardrailScene
    private let condition = DelegationCondition(
        roles: [AzureGuardrailScene.sender, AzureGuardrailScene.receiver], excluded: [AzureGuardrailScene.lead, AzureGuardrailScene.group])

    @Test("the text is that of constrained delegation, with each approver excluded by itself")
    func text() {
        let attribute = "[Microsoft.Authorization/roleAssignments:"
        let side = { (verb: String, source: String) in
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/\(verb)'})) OR "
                + "(\(source)\(attribute)RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0, 69a216fc-b8fb-44d8-bc22-1f3c2cd27a39}"
                + " AND \(source)\(attribute)PrincipalId] GuidNotEquals {0e5e1000-0000-4000-8000-000000000004}"
                + " AND \(source)\(attribute)PrincipalId] GuidNotEquals {96096000-0000-4000-8000-00000000c002}))"
        }
        #expect(condition.text == "\(side("write", "@Request")) AND \(side("delete", "@Resource"))")
    }

    @Test("what was written is read back, whatever its case, blanks and quotes")
    func roundTrip() {
        #expect(DelegationCondition(condition.text) == condition)
        #expect(DelegationCondition("\n " + condition.text.uppercased().split(separator: " ").joined(separator: "\n  ")) == condition)
        #expect(DelegationCondition(condition.text.split(separator: "'").joined(separator: "\"")) == condition)
    }

    @Test("the portal's form says the same: all values at once, and kinds of identities besides")
    func portal() throws {
        let text = """
            (
             (
              !(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})
             )
             OR
             (
              @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0}
              AND
              @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'User'}
              AND
              @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {0e5e1000-0000-4000-8000-000000000004, 96096000-0000-4000-8000-00000000c002}
             )
            )
            """
        let read = try #require(DelegationCondition(text))
        #expect(read.write == .init(roles: [Scene.receiver], excluded: [Scene.lead, Scene.group]))
        // Taking away is not named: it is held to nothing.
        #expect(read.delete == .init())
    }

    @Test("excluding two at once by 'any of' excludes nobody")
    func anyOfTwo() throws {
        let text = condition.text.split(separator: " AND ").map { part in
            part.contains("GuidNotEquals {0e5e")
                ? "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAnyValues:GuidNotEquals {\(Scene.lead), \(Scene.stranger)}"
                : String(part)
        }
        let joined =
            text.prefix(3).joined(separator: " AND ") + " AND "
            + condition.text.components(after: " AND ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})")
        let read = try #require(DelegationCondition(joined))
        #expect(read.write.allows(Scene.receiver, for: Scene.lead))
        #expect(!read.write.allows(Scene.receiver, for: Scene.group))
    }

    @Test(
        "what cannot be judged is not read",
        arguments: [
            "", "true", "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidEquals {a}",
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR ())",
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {a} OR @Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {b}))",
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Resource[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {a}))",
            "((!(ActionMatches{'Microsoft.Storage/x'})) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {a}))",
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {a})) OR true",
        ])
    func unreadable(_ text: String) { #expect(DelegationCondition(text) == nil) }

    @Test("it lets exactly the two roles through, and to nobody who approves")
    func allows() {
        #expect(condition.write.allows(Scene.receiver, for: Scene.stranger))
        #expect(!condition.write.allows(RoleDefinition.BuiltIn.serviceBusDataOwner, for: Scene.stranger))
        #expect(!condition.write.allows(Scene.receiver, for: Scene.lead))
        #expect(!condition.delete.allows(Scene.receiver, for: Scene.group))
    }
}

extension String {
    /// This from a text on, without the " AND " before it.
    fileprivate func components(after mark: String) -> String {
        guard let range = firstRange(of: mark) else { return "" }
        return String(self[index(range.lowerBound, offsetBy: 5)...])
    }
}
