internal import ServiceBus

/// Answers administration requests from a source, without knowing how they arrived.
struct AdministrationResponder<Source: AdministrationSource>: Sendable {
    let source: Source
    /// The time, in milliseconds since 1970.
    let clock: @Sendable () -> Int64
    /// Makes the ids of calls; a test makes predictable ones.
    let makeID: @Sendable () -> String

    private static var entryType: String { "application/atom+xml;type=entry;charset=utf-8" }
    private static var feedType: String { "application/atom+xml;type=feed;charset=utf-8" }
    private static var errorType: String { "application/xml; charset=utf-8" }

    func respond(to request: AdministrationRequest) async -> AdministrationResponse {
        let now = Timestamp(milliseconds: clock())
        let route = AdministrationRoute(path: request.path)
        if route == .health {
            return AdministrationResponse(
                status: 200, contentType: "application/json; charset=utf-8", body: #"{"status":"healthy","message":"Service is healthy."}"#)
        }
        if let refusal = await refusal(of: request) {
            return fault(401, refusal, request, now)
        }
        guard request.method == "GET" else {
            var response = fault(405, "The specified HTTP verb (\(request.method)) is not valid.", request, now)
            response.allow = "GET"
            return response
        }
        let document = AdministrationDocument(request: request, now: now, namespace: await source.administeredNamespace())
        switch route {
        case .namespaceInfo:
            return AdministrationResponse(status: 200, contentType: Self.entryType, body: document.namespaceEntry())
        case .queues:
            return await list(.queues, "Queues", request, document)
        case .topics:
            return await list(.topics, "Topics", request, document)
        case .subscriptions(let topic):
            return await list(.subscriptions(topic: topic), "Subscriptions", request, document)
        case .entity(let name):
            guard let entity = await source.administeredEntity(named: name, topic: nil) else { return nothing(document) }
            return AdministrationResponse(
                status: 200, contentType: Self.entryType, etag: AtomValues.ticks(entity.updatedAt), body: document.entry(entity))
        case .subscription(let topic, let name):
            guard let entity = await source.administeredEntity(named: name, topic: topic) else { return nothing(document) }
            return AdministrationResponse(
                status: 200, contentType: Self.entryType, etag: await etag(ofTopic: topic), body: document.entry(entity))
        case .rules(let topic, let subscription):
            return await rules(topic, subscription, request, document)
        case .rule(let topic, let subscription, let name):
            return await rule(topic, subscription, name, request, document)
        case .health, .unknown:
            return fault(404, "No service is hosted at the specified address.", request, now)
        }
    }

    // MARK: Lists

    private func list(
        _ list: AdministeredList, _ title: String, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async -> AdministrationResponse {
        guard let (skip, top) = page(request) else { return invalidPage(request, document) }
        guard let entities = await source.administeredEntities(in: list, skip: skip, top: top) else { return nothing(document) }
        var etag: String?
        if case .subscriptions(let topic) = list { etag = await self.etag(ofTopic: topic) }
        return AdministrationResponse(
            status: 200, contentType: Self.feedType, etag: etag, body: document.feed(entities, title: title))
    }

    private func rules(
        _ topic: String, _ subscription: String, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async -> AdministrationResponse {
        guard let (skip, top) = page(request) else { return invalidPage(request, document) }
        guard let rules = await source.administeredRules(topic: topic, subscription: subscription) else {
            return missing("\(topic)|\(subscription)", document)
        }
        let page = Array(rules.dropFirst(skip).prefix(top))
        return AdministrationResponse(
            status: 200, contentType: Self.feedType, etag: await etag(ofTopic: topic),
            body: document.feed(page, topic: topic, subscription: subscription))
    }

    private func rule(
        _ topic: String, _ subscription: String, _ name: String, _ request: AdministrationRequest, _ document: AdministrationDocument
    ) async -> AdministrationResponse {
        let rules = await source.administeredRules(topic: topic, subscription: subscription) ?? []
        guard let rule = rules.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            return missing("\(topic)|\(subscription)|\(name)", document)
        }
        return AdministrationResponse(
            status: 200, contentType: Self.entryType, etag: await etag(ofTopic: topic), body: document.entry(rule))
    }

    /// `$skip` and `$top`, a hundred at most as the service has it; `nil` if they are no numbers.
    private func page(_ request: AdministrationRequest) -> (skip: Int, top: Int)? {
        func number(_ name: String, default value: Int) -> Int? {
            guard let text = request.parameter(name) else { return value }
            guard let number = Int(text), number >= 0 else { return nil }
            return number
        }
        guard let skip = number("$skip", default: 0), let top = number("$top", default: 100) else { return nil }
        return (skip, min(top, 100))
    }

    /// Of subscriptions and rules the service tells the topic's version.
    private func etag(ofTopic name: String) async -> String? {
        await source.administeredEntity(named: name, topic: nil).map { AtomValues.ticks($0.updatedAt) }
    }

    // MARK: Refusals

    /// Why the caller may not read, or `nil` if they may.
    private func refusal(of request: AdministrationRequest) async -> String? {
        let noToken = "claim is empty or token is invalid."
        guard let authorization = request.authorization else { return noToken }
        let resource = "http://\(request.host)\(request.path)"
        switch await source.mayAdminister(authorization: authorization, resource: resource, now: clock()) {
        case .allowed: return nil
        case .lacksRight: return "Manage,EntityRead claims required for this operation."
        case .refused(let text): return text.hasPrefix("Malformed") || text.hasPrefix("InvalidToken") ? noToken : text
        }
    }

    /// The empty list that stands for "no such entity".
    private func nothing(_ document: AdministrationDocument) -> AdministrationResponse {
        AdministrationResponse(status: 200, contentType: Self.feedType, body: document.publicList(id: makeID()))
    }

    /// "No such rule" is the one that the service says in so many words.
    private func missing(_ path: String, _ document: AdministrationDocument) -> AdministrationResponse {
        let entity = "\(document.namespace.name):Topic:\(path)"
        let detail =
            "Entity '\(entity)' was not found. To know more visit https://aka.ms/sbResourceMgrExceptions.  "
            + "TrackingId:\(makeID())_B1, SystemTracker:NoSystemTracker, Timestamp:\(AtomValues.seconds(document.now))"
        return AdministrationResponse(
            status: 404, contentType: Self.errorType, body: AdministrationDocument.error(code: 404, detail: detail))
    }

    private func invalidPage(_ request: AdministrationRequest, _ document: AdministrationDocument) -> AdministrationResponse {
        fault(400, "SubCode=40000. The values of $skip and $top must be non-negative integers.", request, document.now)
    }

    private func fault(_ status: Int, _ text: String, _ request: AdministrationRequest, _ now: Timestamp) -> AdministrationResponse {
        let host = request.host.prefix { $0 != ":" }
        let detail =
            "\(text) TrackingId:\(makeID())_G1, SystemTracker:\(host):\(request.path.drop { $0 == "/" }), "
            + "Timestamp:\(AtomValues.seconds(now))"
        return AdministrationResponse(
            status: status, contentType: Self.errorType, body: AdministrationDocument.error(code: status, detail: detail))
    }
}
