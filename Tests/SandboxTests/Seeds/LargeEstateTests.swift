import Testing

@testable import Sandbox

@Suite("The large estate")
struct LargeEstateTests {
    @Test("has as many of everything as it says, and every role is on something that there is")
    func counts() throws {
        let broker = Broker(namespace: LargeEstate.namespace, seed: 1) { 1_795_400_000_000 }
        try LargeEstate.populate(broker)
        let paths = Set(broker.snapshots().map { $0.path.lowercased() })
        #expect(paths.count == 10_000)
        let cloud = CloudEstate(.large)
        #expect(cloud.catalogue.entities.count == 12_052)
        #expect(cloud.catalogue.entities.count { $0.ref.hasPrefix("component:") } == 2_000)
        #expect(cloud.bindings.count == 20_000)
        #expect(cloud.bindings.compactMap(\.path).filter { !paths.contains($0.lowercased()) } == [])
        let known = Set(cloud.principals.map(\.id))
        #expect(cloud.bindings.filter { !known.contains($0.principal) } == [])
    }
}
