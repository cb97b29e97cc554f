import AzureResources
import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Asking who has access through a workspace, and what is said of one way in.
@Suite("Access through a workspace")
struct AccessSurveyTests {
    private typealias Scene = AccessScene

    private func workspace(_ access: (any AccessSource)?) -> Workspace {
        Workspace(
            context: OperatorContext(name: "retail"),
            gateway: MemoryGateway(NamespaceEndpoint(host: "sb-retail", isEmulator: false), MemoryGateway.State(descriptions: [])),
            access: access, now: { Scene.now })
    }

    @Test("a context that signs in can be asked, and tells how far it is")
    func asked() async throws {
        let workspace = workspace(ScriptedAccess(scene: Scene()))
        #expect(workspace.title.signsIn)
        let parts = Mutex<[AccessPart]>([])
        let survey = try await workspace.accessSurvey { part in parts.withLock { $0.append(part) } }
        #expect(survey.picture.host == "sb-retail.servicebus.windows.net")
        #expect(parts.withLock { $0 } == [.catalogue, .namespace])
    }

    @Test("one with a connection string says what it takes")
    func connectionString() async throws {
        let workspace = workspace(nil)
        #expect(!workspace.title.signsIn)
        let error = await #expect(throws: OperatorError.self) { try await workspace.accessSurvey { _ in } }
        #expect(error?.code == .usage && error?.hint.contains("docs/identity.md") == true)
    }

    @Test("how far a role reaches: the entity, its topic, the namespace, beyond")
    func reach() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.events)
        scene.assign(11, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        scene.assign(12, Scene.receiver, Scene.admin, .user, at: Scene.group)
        let holders = scene.index.holders(of: Scene.path("events/Subscriptions/billing"))
        let reach = Dictionary(holders.compactMap { holder in holder.principalID.map { ($0, holder.reach) } }, uniquingKeysWith: max)
        #expect(reach[Scene.billing.canonical] == .entity)
        #expect(reach[Scene.olga.canonical] == .topic)
        #expect(reach[Scene.stranger.canonical] == .namespace)
        #expect(reach[Scene.admin.canonical] == .beyond)
        let own = scene.index.holders(of: Scene.path("events")).first { $0.principalID == Scene.olga.canonical }
        #expect(own?.reach == .entity)
    }

    @Test(
        "a line of the matrix names some of those it counts: those with something on the entity itself, and those from above, at most four of each"
    )
    func names() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.namespace)
        let row = try #require(scene.index.matrix(with: scene.report).first { $0.entity == Scene.path("orders") })
        #expect(row.receivers.value?.direct == [Scene.billing.canonical] && row.receivers.value?.inherited == ["Olga Brandt"])
        #expect(row.senders.value?.direct == ["app-checkout"] && row.senders.value?.inherited.isEmpty == true)
        for number in 0..<6 {
            scene.assign(20 + number, Scene.sender, GUID("f0000000-0000-0000-0000-00000000000\(number)"), .user, at: Scene.orders)
        }
        let crowded = try #require(scene.index.matrix(with: scene.report).first { $0.entity == Scene.path("orders") })
        #expect(crowded.senders.value?.direct.count == 4 && crowded.senders.value?.known == 7)
    }
}
