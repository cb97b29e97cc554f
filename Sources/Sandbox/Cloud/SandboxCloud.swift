import NIOCore
internal import ServiceBus

/// Stand-ins for what surrounds a Service Bus namespace in Azure: Entra, Azure Resource Manager with its roles, Graph, the managed-identity
/// endpoint of a machine, and a Backstage catalogue. All at the root of one HTTPS server.
///
/// Belongs to the broker's event loop: what a caller was allowed still holds when it is done, and the data plane asks the same role
/// assignments. Everything that a peer can make it hold is bounded.
final class SandboxCloud {
    unowned let hub: WireHub
    let tier: SandboxConfiguration.Tier
    /// When the namespace was made.
    let createdAt: Timestamp
    let secrets: CloudSecrets
    /// `https://host:port`, where nobody says otherwise.
    let origin: String
    var switches = CloudSwitches()
    var directory: TenantDirectory
    var assignments = RoleAssignments()
    var keys: TokenKeys
    /// The keys of the outer identity provider whose tokens an app registration trusts.
    let outerKeys: TokenKeys
    var signIns = SignInFlows()
    var resource: NamespaceResource
    var activity = ActivityLog()
    var privileged = PrivilegedAccess()
    /// The rules of Azure Policy that somebody put in force.
    var policyAssignments = PolicyAssignments()
    var keyVault = KeyVaultStandIn()
    let catalogue: CatalogueStandIn
    /// What Backstage notified everybody of.
    var notifications: [CloudJSON] = []
    /// Calls of ARM and Graph so far.
    var calls = 0
    var readBudget = ReadBudget()
    /// Reads that were refused because there were too many.
    var refusedReads = 0

    init(
        hub: WireHub, tier: SandboxConfiguration.Tier, createdAt: Timestamp, origin: String, secrets: CloudSecrets, keys: TokenKeys,
        outerKeys: TokenKeys, estate: CloudEstate
    ) {
        self.hub = hub
        self.tier = tier
        self.createdAt = createdAt
        self.origin = origin
        self.secrets = secrets
        self.keys = keys
        self.outerKeys = outerKeys
        directory = CloudSeed.directory(secrets, issuer: "\(origin)/\(Self.outerIssuer)")
        resource = NamespaceResource(rules: hub.access.rules, modifiedAt: createdAt)
        catalogue = estate.catalogue
        for principal in estate.principals { directory.principals[principal.id] = principal }
        directory.members.merge(estate.members) { $0.union($1) }
        // Either key of a rule opens the namespace from the start.
        hub.access = resource.policy
        assignRoles(estate.bindings)
    }

    /// How far the clock of roles is ahead of the machine's, in milliseconds. It never goes back: what has ended does not begin again.
    private(set) var ahead: Int64 = 0
    /// Moves the clock of everything, in milliseconds; nil where nobody can.
    var passTime: ((_ milliseconds: Int64) -> Void)?
    /// How far that was moved.
    private var passed: Int64 = 0
    /// The furthest that both are.
    private static let furthestAhead: Int64 = 366 * 86_400_000

    /// The time of roles, requests and the Activity Log, in milliseconds since 1970.
    var now: Int64 { hub.now + ahead }

    /// Lets time pass for roles; tokens, sign-ins and messages keep theirs, unless it passes for everything.
    /// - Returns: false when that is too far.
    private func advance(seconds: Int64, forEverything isForEverything: Bool) -> Bool {
        guard (0...Self.furthestAhead / 1000).contains(seconds), ahead + passed + seconds * 1000 <= Self.furthestAhead else { return false }
        if isForEverything {
            guard let passTime else { return false }
            passTime(seconds * 1000)
            passed += seconds * 1000
            broker.advance()
        } else {
            ahead += seconds * 1000
        }
        settleRoles()
        return true
    }
    var broker: Broker { hub.broker }

    /// Who of the directory has which role from the start.
    private func assignRoles(_ bindings: [CloudSeed.Binding]) {
        let group = AzureScope("/subscriptions/\(CloudSeed.subscription)/resourceGroups/\(CloudSeed.resourceGroup)")
        seed(CloudSeed.platform, .owner, AzureScope("/subscriptions/\(CloudSeed.subscription)"))
        seed(CloudSeed.automationPrincipal, .owner, group)
        for (_, id) in CloudSeed.teams { seed(id, .reader, group) }
        for binding in bindings {
            guard let path = binding.path else {
                seed(binding.principal, binding.role, namespaceScope, binding.description)
                continue
            }
            // Without the demo's entities there is nothing to have a role on.
            guard (try? broker.snapshot(of: path)) != nil else { continue }
            seed(binding.principal, binding.role, scope(ofEntity: path), binding.description)
        }
        if (try? broker.snapshot(of: "central-dead-letters")) != nil {
            assignments.denied.append(
                DenyAssignment(
                    name: "d3a10000-0000-4000-8000-000000000001", displayName: "keep-central-dead-letters",
                    scope: scope(ofEntity: "central-dead-letters"),
                    permission: RolePermission(actions: ["Microsoft.ServiceBus/namespaces/queues/delete"]),
                    principals: [DenyAssignment.everyone]))
        }
        let asked = (try? broker.snapshot(of: CloudSeed.askedFor)) == nil ? nil : scope(ofEntity: CloudSeed.askedFor)
        privileged.seed(namespace: namespaceScope, entity: asked, now: now)
    }

    private func seed(_ principal: String, _ role: RoleDefinition, _ scope: AzureScope, _ description: String? = nil) {
        // Names that are the same in every run, and distinct.
        let number = String(assignments.all.count + 1, radix: 16)
        let name = "a5510000-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - number.utf8.count)) + number
        assignments.add(
            RoleAssignment(
                name: name, scope: scope, role: role, principalID: principal,
                principalType: directory.principals[principal]?.kind.assignmentType ?? "ServicePrincipal", description: description,
                createdAt: createdAt.milliseconds, createdBy: CloudSeed.admin.id, effectiveFrom: 0))
    }

    // MARK: Scopes

    /// The namespace as a resource.
    var namespaceScope: AzureScope {
        AzureScope(
            "/subscriptions/\(CloudSeed.subscription)/resourceGroups/\(CloudSeed.resourceGroup)/providers/Microsoft.ServiceBus/namespaces/\(broker.namespace)"
        )
    }

    /// An entity of the data plane as a resource. ARM writes the slashes of a name as tildes.
    func scope(ofEntity path: String) -> AzureScope {
        guard !path.isEmpty else { return namespaceScope }
        switch (try? broker.snapshot(of: path))?.kind {
        case .subscription(let topic, let name, _, _): return namespaceScope.appending("topics/\(Self.flat(topic))/subscriptions/\(name)")
        case .topic: return namespaceScope.appending("topics/\(Self.flat(path))")
        case .queue, nil: return namespaceScope.appending("queues/\(Self.flat(path))")
        }
    }

    private static func flat(_ path: String) -> String { String(path.map { $0 == "/" ? "~" : $0 }) }

    // MARK: Requests

    /// Answers a request. What it changed in the broker is kept before the answer is given.
    func respond(to request: CloudRequest) -> CloudResponse {
        let response = route(request)
        return hub.keep() ? response : CloudResponse(503, ["error": ["code": "ServiceUnavailable", "message": "The sandbox has stopped."]])
    }

    private func route(_ request: CloudRequest) -> CloudResponse {
        guard let segments = request.segments else {
            return CloudResponse(400, ["error": ["code": "BadRequest", "message": "The address is not encoded correctly."]])
        }
        let words = segments.map { $0.lowercased() }
        switch words.first {
        case "$sandbox" where words.count > 1 && words[1] == "cloud": return answerSwitches(request, Array(words.dropFirst(2)))
        case "subscriptions", "providers", "tenants": return answerResourceManager(request, segments)
        case "v1.0": return answerGraph(request, Array(segments.dropFirst()))
        case "secrets": return answerKeyVault(request, Array(segments.dropFirst()))
        case "metadata", "msi": return answerManagedIdentity(request, words)
        case "api": return answerCatalogue(request, Array(segments.dropFirst()))
        default: return answerEntra(request, segments, words)
        }
    }

    /// `/$sandbox/cloud`: GET tells the switches, PUT replaces all, DELETE takes all back; `POST …/rotate-keys` signs with a new key;
    /// `GET …/reads` tells what is left of the budget of reads, and how many were refused; `POST …/advance {"seconds":N}` lets time pass for roles and
    /// requests, so that what has an end comes to it, and with `"everything":true` for messages, locks and tokens as well.
    ///
    /// It asks for no token: whoever reaches the sandbox may break it.
    private func answerSwitches(_ request: CloudRequest, _ rest: [String]) -> CloudResponse {
        switch (request.method, rest) {
        case ("GET", []): break
        case ("PUT", []):
            guard let json = request.json else { return CloudResponse(400, ["error": "The switches are not JSON, or too long."]) }
            do throws(CloudSwitches.ParseError) { switches = try CloudSwitches(json: json) } catch {
                return CloudResponse(400, ["error": .string(error.description)])
            }
        case ("DELETE", []): switches = CloudSwitches()
        case ("POST", ["rotate-keys"]):
            do { try keys.rotate() } catch { return CloudResponse(500, ["error": "No key can be made."]) }
        case ("GET", ["reads"]):
            return CloudResponse(200, ["left": .int(Int64(readBudget.left)), "refused": .int(Int64(refusedReads))])
        case ("POST", ["withdraw-old-keys"]): keys.withdrawOld()
        case ("POST", ["advance"]):
            guard let json = request.json, let seconds = json["seconds"]?.number,
                advance(seconds: seconds, forEverything: json["everything"]?.flag ?? false)
            else {
                return CloudResponse(400, ["error": "Say for how long: {\"seconds\": N}, a year at most altogether."])
            }
            return CloudResponse(200, ["aheadSeconds": .int((ahead + passed) / 1000)])
        default:
            return CloudResponse(
                405, ["error": "The switches know GET, PUT and DELETE, and POST to advance, rotate-keys and withdraw-old-keys."])
        }
        return CloudResponse(200, switches.json)
    }
}
