import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Plays Azure Resource Manager and Graph: answers by what a URL holds, the longest rule first; everything else is an empty list.
private final class ScriptedAzure: HTTPExchange {
    private let rules: [(part: String, status: Int, body: String)]
    private let log = Mutex<[String]>([])

    init(_ rules: [String: (Int, String)]) {
        self.rules = rules.map { ($0.key, $0.value.0, $0.value.1) }.sorted { $0.part.utf8.count > $1.part.utf8.count }
    }

    var requests: [String] { log.withLock { $0 } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        log.withLock { $0.append("\(request.method.rawValue) \(request.url)") }
        let rule = rules.first { request.url.lowercased().contains($0.part.lowercased()) }
        return RESTResponse(status: rule?.status ?? 200, body: ByteBuffer(string: rule?.body ?? #"{"value":[]}"#))
    }

    func shutdown() async {}
}

private struct AnyToken: AccessTokenSource {
    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        AccessToken(secret: Secret("t"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
    }
}

@Suite("Reading who has access")
struct AccessReaderTests {
    private typealias Scene = AccessScene
    private static let forbidden = (
        403,
        #"{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization to perform action 'Some/read' over scope '/subscriptions/1' or the scope is invalid."}}"#
    )

    private static func list(_ elements: String...) -> (Int, String) { (200, #"{"value":[\#(elements.joined(separator: ","))]}"#) }

    private static let whole: [String: (Int, String)] = [
        "/providers/Microsoft.ServiceBus/namespaces?": list(
            #"{"id":"\#(Scene.namespace)","name":"sb-retail","location":"x","properties":{"serviceBusEndpoint":"https://SB-Retail.servicebus.windows.net:443/","disableLocalAuth":false}}"#
        ),
        "/sb-retail/queues?": list(#"{"id":"\#(Scene.orders)","name":"orders","properties":{"userMetadata":"group:default/x"}}"#),
        "/sb-retail/topics?": list(#"{"id":"\#(Scene.events)","name":"a~events","properties":{}}"#),
        "/topics/events/subscriptions?": list(#"{"id":"\#(Scene.eventsBilling)","name":"billing","properties":{}}"#),
        "/queues/orders/authorizationRules?": list(
            #"{"id":"\#(Scene.orders)/authorizationRules/app","name":"app","properties":{"rights":["Send"]}}"#),
        "/roleAssignments?": list(
            #"{"id":"/X/roleAssignments/1","properties":{"roleDefinitionId":"/d/\#(Scene.sender)","principalId":"\#(Scene.checkout)","principalType":"ServicePrincipal","scope":"\#(Scene.orders)"}}"#,
            #"{"id":"/X/roleAssignments/2","properties":{"roleDefinitionId":"/d/\#(Scene.sender)","principalId":"\#(Scene.team)","principalType":"Group","scope":"\#(Scene.subscription)/resourceGroups/other"}}"#,
            #"{"id":"/X/roleAssignments/3","properties":{"roleDefinitionId":"/d/\#(Scene.receiver)","principalId":"\#(Scene.team)","principalType":"Group","scope":"\#(Scene.group)"}}"#
        ),
        "/directoryObjects/getByIds": list(
            ##"{"@odata.type":"#microsoft.graph.servicePrincipal","id":"\##(Scene.checkout)","displayName":"app-checkout"}"##),
        "/directoryObjects/\(Scene.team)": (404, #"{"error":{"code":"Request_ResourceNotFound","message":"m"}}"#),
        "/transitiveMembers": list(##"{"@odata.type":"#microsoft.graph.user","id":"\##(Scene.olga)","displayName":"Olga Brandt"}"##),
    ]

    private func read(_ rules: [String: (Int, String)]) async throws -> (AccessPicture, [String]) {
        let azure = ScriptedAzure(rules)
        let client = RESTClient(
            configuration: RESTConfiguration(), exchange: azure, clock: ContinuousClock(), jitter: { 0 }, logger: Logger(label: "test"))
        let reader = AccessReader(
            manager: ResourceManagerClient(cloud: .global, tokens: AnyToken(), client: client),
            graph: GraphClient(cloud: .global, tokens: AnyToken(), client: client), now: { Scene.now })
        let picture = try await reader.read(
            host: "sb-retail.servicebus.windows.net", subscriptions: ["5ab00000-0000-0000-0000-000000000001"])
        return (picture, azure.requests)
    }

    @Test("everything that may be read is in one picture, and only reading was done")
    func whole() async throws {
        let (picture, requests) = try await read(Self.whole)
        #expect(picture.gaps == [])
        #expect(picture.asOf == Scene.now)
        #expect(picture.namespace.value == AccessNamespace(id: Scene.namespace, localAuthentication: .on))
        #expect(picture.entities.value?.map(\.path.displayName) == ["a/events", "a/events/billing", "orders"])
        #expect(picture.entities.value?.last?.metadata == "group:default/x")
        #expect(picture.assignments.value?.map(\.id.name) == ["1", "3"], "what is assigned beside the namespace does not matter")
        #expect(
            picture.rules.value == [
                AccessRule(id: Scene.orders.appending("authorizationRules", "app"), name: "app", rights: [.send], owner: Scene.orders)
            ])
        #expect(picture.names.value?[Scene.checkout]?.name == "app-checkout")
        #expect(picture.membership.members(of: Scene.team)?.map(\.id) == [Scene.olga])
        #expect(picture.names.value?[Scene.olga]?.name == "Olga Brandt")
        #expect(picture.gone == [Scene.team])
        #expect(requests.filter { !$0.hasPrefix("GET ") }.allSatisfy { $0.hasSuffix("/directoryObjects/getByIds") })
        #expect(!requests.contains { $0.lowercased().contains("listkeys") })
    }

    @Test(
        "what is refused is a value with its reason",
        arguments: [
            ("/roleAssignments?", "role assignments"), ("/roleDefinitions?", "roles"), ("/denyAssignments?", "deny assignments"),
            ("/roleAssignmentScheduleInstances?", "role schedules"), ("/sb-retail/authorizationRules?", "shared access rules"),
            ("/queues/orders/authorizationRules?", "shared access rules of entities"), ("/sb-retail/queues?", "entities"),
            ("/topics/events/subscriptions?", "subscriptions of topics"),
        ])
    func refused(part: String, subject: String) async throws {
        var rules = Self.whole
        rules[part] = Self.forbidden
        let (picture, _) = try await read(rules)
        #expect(picture.gaps.map(\.subject) == [subject])
        #expect(picture.gaps.first?.reason == "not permitted: needs Some/read at /subscriptions/1")
    }

    @Test(
        "who may not read at the Azure subscription is shown what the namespace lists, and that some may be missing",
        arguments: [
            ("roleAssignments", "role assignments on entities"), ("denyAssignments", "deny assignments on entities"),
            ("roleAssignmentScheduleInstances", "role schedules on entities"),
        ])
    func unreadBelow(type: String, subject: String) async throws {
        var rules = Self.whole
        rules["\(Scene.subscription)/providers/Microsoft.Authorization/\(type)?"] = Self.forbidden
        let (picture, _) = try await read(rules)
        #expect(picture.gaps.map(\.subject) == [subject])
        #expect(picture.gaps.first?.reason == "not permitted: needs Some/read at /subscriptions/1")
        if type == "roleAssignments" { #expect(picture.assignments.value?.map(\.id.name) == ["1", "3"]) }
    }

    @Test("deny assignments on entities are read, from the list of the Azure subscription")
    func denialsBelow() async throws {
        func denial(_ name: String, _ scope: ResourceID) -> String {
            #"{"id":"\#(scope)/providers/Microsoft.Authorization/denyAssignments/\#(name)","properties":{"scope":"\#(scope)","permissions":[{"dataActions":["*"]}],"principals":[{"id":"\#(Scene.olga)","type":"User"}]}}"#
        }
        var rules = Self.whole
        rules["\(Scene.subscription)/providers/Microsoft.Authorization/denyAssignments?"] = Self.list(
            denial("below", Scene.orders), denial("beside", Scene.subscription.appending("resourceGroups", "other")))
        rules["\(Scene.namespace)/providers/Microsoft.Authorization/denyAssignments?"] = Self.list(
            denial("below", Scene.orders), denial("above", Scene.group))
        let (picture, requests) = try await read(rules)
        #expect(picture.denials.value?.map(\.displayName) == ["below", "above"])
        #expect(picture.gaps == [])
        #expect(requests.count { $0.contains("/denyAssignments?") && !$0.contains("filter") } == 1)
    }

    @Test("a tenant without Privileged Identity Management has no ends, and that is said")
    func unlicensed() async throws {
        var rules = Self.whole
        rules["/roleAssignmentScheduleInstances?"] = (400, #"{"error":{"code":"AadPremiumLicenseRequired","message":"m"}}"#)
        let (picture, _) = try await read(rules)
        #expect(picture.schedules.value == [])
        #expect(picture.gaps.map(\.consequence) == ["all assignments are standing"])
    }

    @Test("where Graph may not be asked, identities stay ids, and nobody is called gone")
    func withoutGraph() async throws {
        var rules = Self.whole
        for part in ["/directoryObjects/getByIds", "/transitiveMembers", "/directoryObjects/\(Scene.team)"] {
            rules[part] = (403, #"{"error":{"code":"Authorization_RequestDenied","message":"m"}}"#)
        }
        let (picture, _) = try await read(rules)
        #expect(picture.names == .notPermitted(needs: "Directory.Read.All of Microsoft Graph"))
        #expect(picture.gone == [])
        #expect(picture.membership.members(of: Scene.team) == nil)
        #expect(picture.gaps.map(\.subject) == ["names", "members of groups"])
        let index = AccessIndex(picture, estate: Estate())
        #expect(index.holders(of: Scene.path("orders")).first?.principal == Scene.checkout.text)
    }

    @Test("a namespace that may not be seen is a picture with one gap")
    func invisible() async throws {
        let (picture, _) = try await read(["/providers/Microsoft.ServiceBus/namespaces?": Self.forbidden])
        #expect(picture.gaps.map(\.description) == ["not known: the namespace: not permitted: needs Some/read at /subscriptions/1"])
        let (absent, _) = try await read([:])
        #expect(absent.gaps.map(\.subject) == ["the namespace"])
    }

    @Test("nobody to ask as is an error")
    func noToken() async throws {
        let error = await #expect(throws: OperatorError.self) {
            _ = try await read([
                "/providers/Microsoft.ServiceBus/namespaces?": (401, #"{"error":{"code":"InvalidAuthenticationToken","message":"m"}}"#)
            ])
        }
        #expect(error?.code == .notPermitted)
    }
}
