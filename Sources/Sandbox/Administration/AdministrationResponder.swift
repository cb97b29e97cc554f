internal import ServiceBus

/// Answers administration requests from a source, without knowing how they arrived.
struct AdministrationResponder<Source: AdministrationSource>: Sendable {
    let source: Source
    /// The time, in milliseconds since 1970.
    let clock: @Sendable () -> Int64
    /// Makes the ids of calls; a test makes predictable ones.
    let makeID: @Sendable () -> String
    /// What calls cost.
    var meter = CreditMeter(creditsPerSecond: nil)

    static var entryType: String { "application/atom+xml;type=entry;charset=utf-8" }
    private static var feedType: String { "application/atom+xml;type=feed;charset=utf-8" }
    private static var errorType: String { "application/xml; charset=utf-8" }

    func respond(to request: AdministrationRequest) async -> AdministrationResponse {
        let route = AdministrationRoute(path: request.path)
        if route == .health {
            return AdministrationResponse(
                status: 200, contentType: "application/json; charset=utf-8", body: #"{"status":"healthy","message":"Service is healthy."}"#)
        }
        let document = AdministrationDocument(
            request: request, now: Timestamp(milliseconds: clock()), namespace: await source.administeredNamespace())
        do throws(AdministrationFault) {
            guard meter.admitsCall(at: document.now.milliseconds) else { throw throttled(document) }
            try await authorize(request)
            switch request.method {
            case "GET": return try await read(route, request, document)
            case "PUT": return try await put(route, request, document)
            case "DELETE": return try await delete(route)
            default: throw AdministrationFault(status: 405, text: "The specified HTTP verb (\(request.method)) is not valid.")
            }
        } catch {
            return answer(error, document)
        }
    }

    // MARK: Reading

    private func read(
        _ route: AdministrationRoute, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async throws(AdministrationFault) -> AdministrationResponse {
        switch route {
        case .namespaceInfo:
            return AdministrationResponse(status: 200, contentType: Self.entryType, body: document.namespaceEntry())
        case .queues: return try await list(.queues, "Queues", request, document)
        case .topics: return try await list(.topics, "Topics", request, document)
        case .subscriptions(let topic): return try await list(.subscriptions(topic: topic), "Subscriptions", request, document)
        case .entity(let name):
            guard let entity = await source.administeredEntity(named: name, topic: nil) else { return nothing(document) }
            return AdministrationResponse(
                status: 200, contentType: Self.entryType, etag: AtomValues.ticks(entity.updatedAt), body: document.entry(entity))
        case .subscription(let topic, let name):
            guard let entity = await source.administeredEntity(named: name, topic: topic) else { return nothing(document) }
            return AdministrationResponse(
                status: 200, contentType: Self.entryType, etag: await etag(ofTopic: topic), body: document.entry(entity))
        case .rules(let topic, let subscription):
            let page = try page(request)
            guard let rules = await source.administeredRules(topic: topic, subscription: subscription) else {
                throw missing("\(topic)|\(subscription)", document)
            }
            let (shown, next) = Self.cut(Array(rules.dropFirst(page.skip)), to: page)
            return AdministrationResponse(
                status: 200, contentType: Self.feedType, etag: await etag(ofTopic: topic),
                body: document.feed(shown, topic: topic, subscription: subscription, next: next))
        case .rule(let topic, let subscription, let name):
            let rules = await source.administeredRules(topic: topic, subscription: subscription) ?? []
            guard let rule = rules.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                throw missing("\(topic)|\(subscription)|\(name)", document)
            }
            return AdministrationResponse(
                status: 200, contentType: Self.entryType, etag: await etag(ofTopic: topic), body: document.entry(rule))
        case .health, .unknown: throw .noService
        }
    }

    private func list(
        _ list: Broker.List, _ title: String, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async throws(AdministrationFault) -> AdministrationResponse {
        let page = try page(request)
        // One more than is shown tells whether there is a next page.
        guard let entities = await source.administeredEntities(in: list, skip: page.skip, top: page.top + 1) else {
            return nothing(document)
        }
        let (shown, next) = Self.cut(entities, to: page)
        var etag: String?
        if case .subscriptions(let topic) = list { etag = await self.etag(ofTopic: topic) }
        return AdministrationResponse(
            status: 200, contentType: Self.feedType, etag: etag, body: document.feed(shown, title: title, next: next))
    }

    /// `$skip` and `$top`, a hundred at most as the service has it.
    private func page(_ request: AdministrationRequest) throws(AdministrationFault) -> AdministrationDocument.Page {
        func number(_ name: String, default value: Int) throws(AdministrationFault) -> Int {
            guard let text = request.parameter(name) else { return value }
            guard let number = Int(text), number >= 0 else {
                throw .unreadable("The values of $skip and $top must be non-negative integers.")
            }
            return number
        }
        return AdministrationDocument.Page(skip: try number("$skip", default: 0), top: min(try number("$top", default: 100), 100))
    }

    /// What of a list's rest is on a page, and which page follows.
    private static func cut<Element>(
        _ rest: [Element], to page: AdministrationDocument.Page
    ) -> (shown: [Element], next: AdministrationDocument.Page?) {
        let (skip, overflow) = page.skip.addingReportingOverflow(page.top)
        let isLast = rest.count <= page.top || page.top == 0 || overflow
        return (Array(rest.prefix(page.top)), isLast ? nil : AdministrationDocument.Page(skip: skip, top: page.top))
    }

    /// Of subscriptions and rules the service tells the topic's version.
    private func etag(ofTopic name: String) async -> String? {
        await source.administeredEntity(named: name, topic: nil).map { AtomValues.ticks($0.updatedAt) }
    }

    /// The empty list that stands for "no such entity".
    private func nothing(_ document: AdministrationDocument) -> AdministrationResponse {
        AdministrationResponse(status: 200, contentType: Self.feedType, body: document.publicList(id: makeID()))
    }

    /// "No such rule" is the one that the service says in so many words.
    private func missing(_ path: String, _ document: AdministrationDocument) -> AdministrationFault {
        .notFound("\(document.namespace.name):Topic:\(path)", version: nil)
    }

    // MARK: Changing

    private func put(
        _ route: AdministrationRoute, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async throws(AdministrationFault) -> AdministrationResponse {
        guard let path = route.changeable else { throw .noPolicyRequest }
        guard let body = request.body else {
            throw AdministrationFault(status: 413, text: "The body is longer than \(DescriptionInput.maximumBytes) bytes.")
        }
        let input = try DescriptionInput(parsing: body)
        let tokens = ForwardingTokens(
            authorization: request.authorization ?? "", forwardTo: request.forwardingAuthorization,
            deadLetters: request.deadLetterForwardingAuthorization)
        switch try await source.perform(.put(path, input, isUpdate: request.ifMatch != nil, tokens)) {
        case .entity(let entity, let isNew, let version):
            // The answer to making a queue or topic has no version; everything else has.
            let isSubscription = if case .subscription = entity.kind { true } else { false }
            return AdministrationResponse(
                status: isNew ? 201 : 200, contentType: Self.entryType, etag: isNew && !isSubscription ? nil : Self.etag(version),
                body: document.changed(entity, isNew: isNew, input.entity))
        case .rule(let rule, let isNew, let version):
            return AdministrationResponse(
                status: isNew ? 201 : 200, contentType: Self.entryType, etag: Self.etag(version), body: document.changed(rule))
        case .removed(let version): return AdministrationResponse(status: 200, etag: Self.etag(version), body: "")
        }
    }

    private func delete(_ route: AdministrationRoute) async throws(AdministrationFault) -> AdministrationResponse {
        guard let path = route.changeable else { throw .noService }
        guard case .removed(let version) = try await source.perform(.delete(path)) else { throw .noService }
        return AdministrationResponse(status: 200, etag: Self.etag(version), body: "")
    }

    private static func etag(_ version: Int64) -> String { AtomValues.ticks(Timestamp(milliseconds: version)) }

    // MARK: Refusals

    private func authorize(_ request: AdministrationRequest) async throws(AdministrationFault) {
        let noToken = "claim is empty or token is invalid."
        guard let authorization = request.authorization else { throw AdministrationFault(status: 401, text: noToken) }
        let resource = "http://\(request.host)\(request.path)"
        switch await source.mayAdminister(authorization: authorization, resource: resource, now: clock()) {
        case .allowed: return
        case .lacksRight:
            let claim = request.method == "GET" ? "EntityRead" : request.method == "DELETE" ? "EntityDelete" : "EntityWrite"
            throw AdministrationFault(status: 401, text: "Manage,\(claim) claims required for this operation.")
        case .refused(let text):
            let isUnreadable = text.hasPrefix("Malformed") || text.hasPrefix("InvalidToken")
            throw AdministrationFault(status: 401, text: isUnreadable ? noToken : text)
        }
    }

    private func throttled(_ document: AdministrationDocument) -> AdministrationFault {
        AdministrationFault(
            status: 429,
            text: "SubCode=50004. The request was terminated because the namespace \(document.namespace.name) is being throttled. "
                + "\(AdministrationFault.seeAlso).")
    }

    private func answer(_ fault: AdministrationFault, _ document: AdministrationDocument) -> AdministrationResponse {
        let request = document.request
        let tracker: String
        switch fault.speaker {
        case .gateway: tracker = "_G1, SystemTracker:\(request.host.prefix { $0 != ":" }):\(request.path.drop { $0 == "/" })"
        case .entity(let name): tracker = "_G1, SystemTracker:\(document.namespace.name):\(name)"
        case .broker: tracker = "_B1, SystemTracker:NoSystemTracker"
        case .nobody: tracker = ""
        }
        let tail = tracker.isEmpty ? "" : " TrackingId:\(makeID())\(tracker), Timestamp:\(AtomValues.seconds(document.now))"
        return AdministrationResponse(
            status: fault.status, contentType: Self.errorType, etag: fault.version.map { Self.etag($0) },
            allow: fault.status == 405 ? "GET, PUT, DELETE" : nil,
            body: AdministrationDocument.error(code: fault.status, detail: fault.text + tail))
    }
}

extension AdministrationRoute {
    /// What a PUT or DELETE here concerns; nil where nothing can be changed.
    fileprivate var changeable: AdministeredPath? {
        switch self {
        case .entity(let name): .entity(name)
        case .subscription(let topic, let name): .subscription(topic: topic, name: name)
        case .rule(let topic, let subscription, let name): .rule(topic: topic, subscription: subscription, name: name)
        case .health, .namespaceInfo, .queues, .topics, .subscriptions, .rules, .unknown: nil
        }
    }
}

extension DescriptionInput {
    /// The settings of an entity; of a rule, none.
    fileprivate var entity: EntityInput {
        switch self {
        case .queue(let input), .topic(let input), .subscription(let input, _): input
        case .rule: EntityInput()
        }
    }
}
