/// What the cloud's stand-ins hold from the start, besides the tenant's own people and applications (``CloudSeed``).
struct CloudEstate: Sendable {
    var catalogue: CatalogueStandIn
    var principals: [Principal] = []
    /// The direct members of groups.
    var members: [String: Set<String>] = [:]
    /// Who has which role. Those on entities that there are not are left out.
    var bindings: [CloudSeed.Binding]

    init(_ estate: SandboxConfiguration.Estate) {
        switch estate {
        case .demo: self.init(catalogue: CatalogueStandIn(yaml: DemoEstate.catalogueYAML), bindings: CloudSeed.bindings)
        case .large: self = LargeEstate.cloud
        }
    }

    init(
        catalogue: CatalogueStandIn, principals: [Principal] = [], members: [String: Set<String>] = [:], bindings: [CloudSeed.Binding]
    ) {
        self.catalogue = catalogue
        self.principals = principals
        self.members = members
        self.bindings = bindings
    }
}
