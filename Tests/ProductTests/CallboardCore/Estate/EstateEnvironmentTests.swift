import Backstage
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Environments of a catalogue")
struct EstateEnvironmentTests {
    private func load(_ text: String, environment: String, rules: BindingRules = .standard) -> LoadedEstate {
        LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: rules, host: "localhost",
            environment: environment)
    }

    private func component(_ metadata: String, spec: String = "type: service, owner: team-a") -> String {
        "---\napiVersion: v1\nkind: Component\nmetadata: {\(metadata)}\nspec: {\(spec)}\n"
    }

    private func paths(_ estate: LoadedEstate) -> [String] { estate.estate.services.first?.entities.map(\.displayName) ?? [] }

    private func why(_ estate: LoadedEstate) -> Reading<Int64>? {
        estate.board(.success(EntityListing(entities: [], asOf: Timestamp(milliseconds: 0)))).rows.first?.active
    }

    @Test("what is for another environment is not joined, and says where it is; what says none is joined everywhere")
    func environments() {
        let staging = component("name: a, annotations: {callboard.dev/environment: 'Staging, test', callboard.dev/entities: q}")
        #expect(paths(load(staging, environment: "staging")) == ["q"])
        #expect(paths(load(staging, environment: "TEST")) == ["q"])
        #expect(paths(load(staging, environment: "production")) == [])
        #expect(why(load(staging, environment: "production")) == .unavailable("its entities are for staging, test"))
        #expect(load(staging, environment: "production").estate.ownership(of: EntityPath.queueNamed("q")) == nil)
        #expect(load(staging, environment: "staging").estate.services.first?.environments == ["staging", "test"])
        let everywhere = component("name: a, annotations: {callboard.dev/entities: q}")
        #expect(paths(load(everywhere, environment: "production")) == ["q"])
        // A context that names no environment cannot tell.
        #expect(paths(load(staging, environment: "")) == ["q"])
    }

    @Test("a label says it as well, and the key can be another one")
    func keys() {
        let label = component("name: a, labels: {callboard.dev/environment: staging}, annotations: {callboard.dev/entities: q}")
        #expect(paths(load(label, environment: "production")) == [])
        var rules = BindingRules.standard
        rules.environmentAnnotations = ["acme.io/stage"]
        let own = component("name: a, labels: {acme.io/stage: staging}, annotations: {callboard.dev/entities: q}")
        #expect(paths(load(own, environment: "production", rules: rules)) == [])
        #expect(paths(load(label, environment: "production", rules: rules)) == ["q"])
    }

    @Test("a key with an environment behind it adds what is so there only")
    func perEnvironment() {
        let text = component("name: a, annotations: {callboard.dev/entities: q, callboard.dev/entities.production: 'p, t/s'}")
        #expect(paths(load(text, environment: "Production")) == ["q", "p", "t/s"])
        #expect(paths(load(text, environment: "staging")) == ["q"])
        let only = component("name: a, annotations: {azure-service-bus/queues.production: p}")
        #expect(paths(load(only, environment: "production")) == ["p"])
        #expect(paths(load(only, environment: "staging")) == [])
        #expect(why(load(only, environment: "staging")) == .unavailable("its entities are for production"))
    }

    @Test("a Resource of another environment is left out, and a Component of another one uses no Resource here")
    func resources() {
        let resource =
            "---\napiVersion: v1\nkind: Resource\nmetadata: {name: r, annotations: {callboard.dev/entities: q, callboard.dev/environment: staging}}\nspec: {type: queue, owner: team-a}\n"
        let user = component("name: a", spec: "type: service, owner: team-a, dependsOn: ['resource:r']")
        #expect(paths(load(user + resource, environment: "staging")) == ["q"])
        #expect(paths(load(user + resource, environment: "production")) == [])
        let shared = resource.replacing(", callboard.dev/environment: staging", with: "")
        let other = component(
            "name: a, annotations: {callboard.dev/environment: staging}", spec: "type: service, owner: team-a, dependsOn: ['resource:r']")
        #expect(paths(load(other + shared, environment: "production")) == [])
        #expect(why(load(other + shared, environment: "production")) == .unavailable("its entities are for staging"))
        #expect(load(other + shared, environment: "production").estate.access.map(\.ref) == ["resource:default/r"])
    }

    @Test("ids of another namespace are not joined, whichever way this one is reached")
    func namespaces() async throws {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/SB-Retail-Staging/queues/orders"
        var context = OperatorContext(name: "retail")
        context.catalogueText = component("name: a, annotations: {management.azure.com/resourceId: '\(id)'}")
        for (host, expected) in [
            ("sb-retail-staging.servicebus.windows.net", ["orders"]), ("sb-retail.servicebus.windows.net", []),
            ("SB-RETAIL-STAGING.servicebus.usgovcloudapi.net", ["orders"]), ("sb-retail.privatelink.servicebus.windows.net", []),
        ] {
            context.serviceHost = host
            let gateway = MemoryGateway(NamespaceEndpoint(host: "127.0.0.1:5671"))
            let estate = await Workspace(context: context, gateway: gateway).estate()
            #expect(estate.services.first?.entities.map(\.displayName) == expected, "\(host)")
        }
    }
}

extension EntityPath {
    fileprivate static func queueNamed(_ name: String) -> EntityPath {
        guard let path = try? EntityPath.queue(name) else { preconditionFailure("no name of a queue: \(name)") }
        return path
    }
}
