package import AzureResources
internal import Identity
package import ServiceBus

/// Reads an ``AccessPicture`` from Azure Resource Manager and Microsoft Graph. Only reads: nothing is changed, and no key is asked for.
///
/// It costs one list for each kind of thing, one request for each topic (its subscriptions) and one for each queue and topic (its shared access rules),
/// eight at a time; the latter two are bounded.
package struct AccessReader: Sendable {
    /// The most topics whose subscriptions are listed, and the most queues and topics whose shared access rules are: an hour's budget of a
    /// subscription is 12,000 reads, and others want some.
    static let mostListings = 2_000
    /// The most groups whose members are read.
    static let mostGroups = 500
    /// The most identities that are looked for one by one when the directory does not name them.
    static let mostSearches = 200

    let manager: ResourceManagerClient
    let graph: GraphClient
    let now: @Sendable () -> Timestamp

    package init(manager: ResourceManagerClient, graph: GraphClient, now: @escaping @Sendable () -> Timestamp = { .now }) {
        self.manager = manager
        self.graph = graph
        self.now = now
    }

    /// Reads what there is.
    /// - Parameters:
    ///   - host: the namespace's host.
    ///   - subscriptions: the ids of the Azure subscriptions to look for it in; none for all that may be seen.
    ///   - people: identities to look up besides those with roles.
    ///   - progress: called with each part that has been read, or cannot be.
    /// - Throws: ``OperatorError`` when nobody is signed in, Azure cannot be reached while looking for the namespace, or the task was cancelled. What is
    ///   not permitted is no error.
    package func read(
        host: String, subscriptions: [String], people: [GUID] = [], progress: @escaping @Sendable (AccessPart) -> Void = { _ in }
    ) async throws(OperatorError) -> AccessPicture {
        var picture = AccessPicture(host: host, asOf: now())
        let namespace = try await namespace(host: host, subscriptions: subscriptions)
        picture.namespace = namespace.map {
            AccessNamespace(id: $0.id, localAuthentication: $0.localAuthentication, tags: $0.tags)
        }
        progress(.namespace)
        guard let id = namespace.value?.id, let subscription = id.subscription else {
            picture.asOf = now()
            return picture
        }
        async let entities = entities(of: id)
        async let assignments = listing(
            "Microsoft.Authorization/roleAssignments/read", of: subscription, around: id, id: \RoleAssignment.id, scope: \.scope
        ) { (filter, scope) throws(AzureError) in try await manager.roleAssignments(filter, of: scope) }
        async let roles = reading("Microsoft.Authorization/roleDefinitions/read", at: subscription) { () throws(AzureError) in
            try await manager.roleDefinitions(at: id)
        }
        async let denials = listing(
            "Microsoft.Authorization/denyAssignments/read", of: subscription, around: id, id: \DenyAssignment.id, scope: \.scope
        ) { (filter, scope) throws(AzureError) in try await manager.denyAssignments(filter, of: scope) }
        async let schedules = schedules(of: subscription, around: id)
        let (found, entityGaps) = await entities
        picture.entities = found
        progress(.entities)
        let (rules, ruleGaps) = await rules(of: id, entities: found.value ?? [])
        picture.rules = rules
        progress(.rules)
        (picture.assignments, picture.unreadBelow.assignments) = await assignments
        progress(.assignments)
        picture.roles = await roles
        progress(.roles)
        (picture.denials, picture.unreadBelow.denials) = await denials
        progress(.denials)
        let (ends, scheduleGaps, unread) = await schedules
        picture.schedules = ends
        picture.unreadBelow.schedules = unread
        progress(.schedules)
        picture.partial = entityGaps + ruleGaps + scheduleGaps
        await readDirectory(into: &picture, people: people)
        progress(.directory)
        guard !Task.isCancelled else { throw OperatorError(.cancelled, "Reading who has access was interrupted.") }
        picture.asOf = now()
        return picture
    }

    // MARK: The namespace

    func namespace(host: String, subscriptions: [String]) async throws(OperatorError) -> Reading<NamespaceResource> {
        var ids = subscriptions.map { $0.contains("/") ? ResourceID($0) : ResourceID("/subscriptions/\($0)") }
        if ids.isEmpty {
            do throws(AzureError) { ids = try await manager.subscriptions().map(\.id) } catch {
                guard error.code == .forbidden else { throw OperatorError(error) }
                return .notPermitted(needs: Self.needs(error, "Microsoft.Resources/subscriptions/read", at: .root))
            }
        }
        let wanted = Self.hostName(host)
        var refusals: [String] = []
        let answers = await Self.each(ids) { id in
            await outcome { () throws(AzureError) in try await manager.namespaces(in: id) }
        }
        for (id, answer) in zip(ids, answers) {
            switch answer {
            case .success(let namespaces):
                if let namespace = namespaces.first(where: { Self.hosts(of: $0).contains(wanted) }) { return .known(namespace, at: now()) }
            case .failure(let error):
                guard error.code == .forbidden || error.code == .notFound else { throw OperatorError(error) }
                refusals.append(Self.needs(error, "Microsoft.ServiceBus/namespaces/read", at: id))
            }
        }
        if let refusal = refusals.first { return .notPermitted(needs: refusal) }
        // Azure leaves out of lists what the caller may not see: whether it does not exist cannot be told.
        return .notPermitted(
            needs:
                "Microsoft.ServiceBus/namespaces/read at the namespace of \(host): none of the \(ids.count) Azure subscriptions in sight shows it"
        )
    }

    /// The hosts under which a namespace answers.
    private static func hosts(of namespace: NamespaceResource) -> [String] {
        guard let endpoint = namespace.endpoint else { return [] }
        let host = hostName(endpoint)
        guard let alternate = namespace.alternateName, let dot = host.firstIndex(of: ".") else { return [host] }
        return [host, alternate.lowercased() + host[dot...]]
    }

    /// The host of a URL or of a host with a port, in lower case.
    private static func hostName(_ text: String) -> String {
        var rest = text.lowercased()[...]
        if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") { rest = rest[colon...].dropFirst(3) }
        return String(rest.prefix { $0 != "/" && $0 != ":" })
    }

    // MARK: Roles

    /// A list of what is assigned. That of the Azure subscription, without a filter, brings what lies below; what lies above is asked for by name, for
    /// clouds that leave it out. Who may not read at the subscription is shown what the namespace itself lists.
    /// - Returns: what there is, and why what lies below the namespace may be missing from it; nil where it is not.
    private func listing<Element: Sendable>(
        _ right: String, of subscription: ResourceID, around namespace: ResourceID, id: (Element) -> ResourceID,
        scope: (Element) -> ResourceID,
        _ ask: (RoleAssignmentFilter, ResourceID) async throws(AzureError) -> [Element]
    ) async -> (Reading<[Element]>, unreadBelow: String?) {
        var found: [Element]
        var refusal: String?
        switch await outcome({ () throws(AzureError) in try await ask(.all, subscription) }) {
        case .success(let below): found = below
        case .failure(let error):
            guard error.code == .forbidden else { return (unknown(error, right, at: subscription), nil) }
            refusal = "not permitted: needs \(Self.needs(error, right, at: subscription))"
            found = []
        }
        let filter: RoleAssignmentFilter = refusal == nil ? .atScope : .all
        switch await outcome({ () throws(AzureError) in try await ask(filter, namespace) }) {
        case .success(let others): found += others
        case .failure(let error): return (unknown(error, right, at: refusal == nil ? namespace : subscription), nil)
        }
        var seen: Set<ResourceID> = []
        found = found.filter { Self.matters(scope($0), to: namespace) && seen.insert(id($0)).inserted }
        return (.known(found, at: now()), refusal)
    }

    /// Schedules; a tenant without Privileged Identity Management has none, which says that no assignment has an end.
    private func schedules(
        of subscription: ResourceID, around namespace: ResourceID
    ) async -> (Reading<[RoleTerm]>, [AccessGap], unreadBelow: String?) {
        let right = "Microsoft.Authorization/roleAssignmentScheduleInstances/read"
        var answer = await outcome { () throws(AzureError) in
            try await manager.roleTerms(.all, of: subscription)
        }
        var refusal: String?
        if case .failure(let error) = answer, error.code == .forbidden {
            refusal = "not permitted: needs \(Self.needs(error, right, at: subscription))"
            answer = await outcome { () throws(AzureError) in try await manager.roleTerms(.all, of: namespace) }
        }
        switch answer {
        case .success(let schedules):
            return (.known(schedules.filter { Self.matters($0.scope, to: namespace) }, at: now()), [], refusal)
        case .failure(let error):
            if error.serviceCode == "AadPremiumLicenseRequired" {
                let gap = AccessGap(
                    "ends of assignments", reason: "the tenant has no Privileged Identity Management (AadPremiumLicenseRequired)",
                    consequence: "all assignments are standing")
                return (.known([], at: now()), [gap], nil)
            }
            return (unknown(error, right, at: subscription), [], nil)
        }
    }

    /// Whether what is assigned at a scope matters in a namespace: at it, above or below.
    private static func matters(_ scope: ResourceID, to namespace: ResourceID) -> Bool {
        scope.isManagementGroup || scope.contains(namespace) || namespace.contains(scope)
    }
}

// MARK: Answers that are values

extension AccessReader {
    /// What came of asking, refusals included.
    func outcome<Value: Sendable>(_ ask: () async throws(AzureError) -> Value) async -> Result<Value, AzureError> {
        do throws(AzureError) { return .success(try await ask()) } catch { return .failure(error) }
    }

    /// What came of asking, as a value.
    /// - Parameters:
    ///   - right: the action it takes, for refusals that do not name it.
    ///   - scope: where it takes it.
    func reading<Value: Sendable>(
        _ right: String, at scope: ResourceID, _ ask: () async throws(AzureError) -> Value
    ) async -> Reading<Value> {
        switch await outcome(ask) {
        case .success(let value): .known(value, at: now())
        case .failure(let error): unknown(error, right, at: scope)
        }
    }

    /// Why something is not known.
    func unknown<Value>(_ error: AzureError, _ right: String, at scope: ResourceID) -> Reading<Value> {
        error.code == .forbidden ? .notPermitted(needs: Self.needs(error, right, at: scope)) : .unavailable(error.description)
    }

    static func needs(_ error: AzureError, _ right: String, at scope: ResourceID) -> String {
        error.missingRight.map { "\($0.action) at \($0.scope)" } ?? "\(right) at \(scope)"
    }

    /// Asks for each of many, eight at a time; the answers in the order of the questions.
    static func each<Item: Sendable, Answer: Sendable>(
        _ items: [Item], _ ask: @escaping @Sendable (Item) async -> Answer
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            var answers: [Answer?] = Array(repeating: nil, count: items.count)
            var next = items.indices.makeIterator()
            func start() -> Bool {
                guard let index = next.next() else { return false }
                let item = items[index]
                group.addTask { (index, await ask(item)) }
                return true
            }
            for _ in 0..<ResourceManagerClient.mostRequestsAtOnce where !start() { break }
            while let (index, answer) = await group.next() {
                answers[index] = answer
                _ = start()
            }
            return answers.compactMap { $0 }
        }
    }
}
