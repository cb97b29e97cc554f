public import Identity
internal import NIOCore
public import RESTClient

/// Reads a namespace's entities, their settings and counts: the ATOM interface of Service Bus (protocol reference 1.17).
///
/// Every call needs the Manage claim or the role Azure Service Bus Data Owner. All figures are as of the answer; the caller notes the time.
public struct AdministrationClient: Sendable {
    /// Where the namespace is administered.
    public let endpoint: AdministrationEndpoint
    private let tokens: any TokenProvider
    private let http: RESTClient
    private let apiVersion: String
    private let budget: CreditBudget?
    /// Who goes first when calls have to wait for the budget.
    public var priority = CreditBudget.Priority.operator

    /// The most entries the service puts on a page.
    public static let largestPage = 100

    /// - Parameters:
    ///   - endpoint: where the namespace is administered.
    ///   - tokens: whoever signs the calls. Asked anew for each, with the URL of what is read.
    ///   - http: the HTTP client.
    ///   - apiVersion: the version of the interface. 2021-05 is the first that tells about large messages.
    ///   - budget: what the calls may cost, shared with whoever else asks this namespace; nil for no limit of our own.
    public init(
        endpoint: AdministrationEndpoint, tokens: any TokenProvider, http: RESTClient, apiVersion: String = "2021-05",
        budget: CreditBudget? = nil
    ) {
        self.endpoint = endpoint
        self.tokens = tokens
        self.http = http
        self.apiVersion = apiVersion
        self.budget = budget
    }

    /// The same client for work that may wait: lists, refreshes, polling.
    public var inBackground: AdministrationClient {
        var client = self
        client.priority = .background
        return client
    }

    /// The namespace itself.
    public func namespaceInfo() async throws(AdministrationError) -> NamespaceInfo {
        let resource = "$namespaceinfo"
        let (document, response) = try await get(resource)
        guard let info = document.entries.first.flatMap({ NamespaceInfo($0.content) }) else {
            throw .unexpectedAnswer(resource, detail: "no NamespaceInfo in it", response: response)
        }
        return info
    }

    // MARK: Lists

    /// The queues, page by page in the order of their names.
    public func queues(pageSize: Int = largestPage) -> EntityPages {
        EntityPages(client: self, resource: "$Resources/queues", topic: nil, pageSize: pageSize)
    }

    /// The topics, page by page in the order of their names.
    public func topics(pageSize: Int = largestPage) -> EntityPages {
        EntityPages(client: self, resource: "$Resources/topics", topic: nil, pageSize: pageSize)
    }

    /// The subscriptions of a topic, page by page in the order of their names.
    ///
    /// Reading throws ``AdministrationError/Code/notFound`` if there is no such topic.
    public func subscriptions(of topic: EntityPath, pageSize: Int = largestPage) -> EntityPages {
        EntityPages(client: self, resource: "\(topic.name)/subscriptions", topic: topic, pageSize: pageSize)
    }

    /// Everything in the namespace: queues, topics and the subscriptions of each, in the order of their paths.
    ///
    /// Costs a call per hundred queues, one per hundred topics and one per topic; `concurrency` of the latter run at a time.
    /// - Parameter first: called once with the first page, as soon as it is there: of ten thousand entities the rest takes a while.
    public func entities(
        concurrency: Int = 4, first: (@Sendable ([EntityDescription]) -> Void)? = nil
    ) async throws(AdministrationError) -> [EntityDescription] {
        var first = first
        var result = try await queues().all { page in
            first?(page)
            first = nil
        }
        let topics = try await self.topics().all { page in
            first?(page)
            first = nil
        }
        result += topics
        // A topic's own answer says whether it has subscriptions, so most namespaces cost fewer calls than they have topics.
        let withSubscriptions = topics.filter { $0.subscriptionCount != 0 }.map(\.path)
        result += try await subscriptions(of: withSubscriptions, concurrency: max(1, concurrency))
        result.sort { $0.path < $1.path }
        return result
    }

    private func subscriptions(of topics: [EntityPath], concurrency: Int) async throws(AdministrationError) -> [EntityDescription] {
        let outcome = await withTaskGroup(of: Result<[EntityDescription], AdministrationError>.self) { group in
            var remaining = topics.makeIterator()
            func startNext() {
                guard let topic = remaining.next() else { return }
                group.addTask {
                    do throws(AdministrationError) {
                        return .success(try await subscriptions(of: topic).all())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<concurrency { startNext() }
            var collected: [EntityDescription] = []
            while let result = await group.next() {
                switch result {
                case .success(let subscriptions): collected += subscriptions
                case .failure(let error):
                    group.cancelAll()
                    return Result<[EntityDescription], AdministrationError>.failure(error)
                }
                startNext()
            }
            return .success(collected)
        }
        return try outcome.get()
    }

    /// The rules of a subscription in the order of their names.
    public func rules(of subscription: EntityPath) async throws(AdministrationError) -> [RuleDescription] {
        guard let name = subscription.subscription else {
            throw AdministrationError(
                .invalidRequest, resource: subscription.displayName,
                message: "'\(subscription)' is not a subscription: only those have rules.")
        }
        let resource = "\(subscription.name)/subscriptions/\(name)/rules"
        var rules: [RuleDescription] = []
        var skip = 0
        while true {
            let (document, response) = try await get(resource, query: [("$skip", "\(skip)"), ("$top", "\(Self.largestPage)")])
            guard document.isFeed, !document.isPublicList else {
                throw .notFound(subscription.displayName, correlationID: response.correlationID)
            }
            rules += document.entries.compactMap(RuleDescription.init)
            // By what the service counts, whether or not it can be read here.
            skip += document.entryCount
            if document.entryCount < Self.largestPage { return rules }
        }
    }

    // MARK: One

    /// One entity with settings and counts. The answer tells whether a name is a queue's or a topic's.
    /// - Throws: ``AdministrationError/Code/notFound`` if there is none. (The service says so with status 200 and an empty feed.)
    public func entity(_ path: EntityPath) async throws(AdministrationError) -> EntityDescription {
        let resource = path.subscription.map { "\(path.name)/subscriptions/\($0)" } ?? path.name
        let (document, response) = try await get(resource)
        guard !document.isFeed, let entry = document.entries.first else {
            throw .notFound(path.entity.displayName, correlationID: response.correlationID)
        }
        do throws(EntityPathError) {
            // The service repeats the name as it is spelled there; the caller may have spelled it in another case.
            if let description = try DescriptionReader.entity(entry, topic: path.topic) { return description }
        } catch {
            throw .unexpectedAnswer(resource, detail: error.description, response: response)
        }
        throw .unexpectedAnswer(resource, detail: "it is a \(entry.content.name.local)", response: response)
    }

    // MARK: Calls

    /// One page of a list.
    func page(_ resource: String, topic: EntityPath?, skip: Int, top: Int) async throws(AdministrationError) -> EntityPage {
        let (document, response) = try await get(resource, query: [("$skip", "\(skip)"), ("$top", "\(top)")])
        guard document.isFeed, !document.isPublicList else {
            throw .notFound(topic?.displayName ?? resource, correlationID: response.correlationID)
        }
        var page = EntityPage(entities: [], entryCount: document.entryCount)
        for entry in document.entries {
            do throws(EntityPathError) {
                if let description = try DescriptionReader.entity(entry, topic: topic) { page.entities.append(description) }
            } catch {
                throw .unexpectedAnswer(resource, detail: error.description, response: response)
            }
        }
        return page
    }

    func get(
        _ resource: String, query: [(name: String, value: String)] = []
    ) async throws(AdministrationError) -> (AtomDocument, RESTResponse) {
        let response = try await send(.get, resource, query: query)
        return (try document(of: response, resource), response)
    }

    /// Sends a call and returns its answer when that says yes.
    func send(
        _ method: RESTRequest.Method, _ resource: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: ByteBuffer? = nil
    ) async throws(AdministrationError) -> RESTResponse {
        let url = "\(endpoint.baseURL)/\(resource)"
        let parameters = (query + [("api-version", apiVersion)]).map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        var request = RESTRequest(
            method, "\(url)?\(parameters)", headers: ["Accept": "application/atom+xml, application/xml"], body: body)
        for header in headers { request.headers[header.name] = header.value }
        // With a budget every attempt costs, and a refusal concerns everybody who shares it.
        request.isRepeatedWhenRefused = budget == nil
        var attempt = 1
        while true {
            do { try await budget?.spend(priority: priority) } catch { throw .cancelled(resource) }
            let token = try await token(for: url, resource: resource)
            token.authorizationHeader.withRevealedText { request.headers["Authorization"] = $0 }
            let response: RESTResponse
            do throws(RESTError) {
                response = try await http.send(request)
            } catch {
                throw AdministrationError(error, resource: resource)
            }
            if response.isSuccess { return response }
            let isRefusal = response.status == 429 || response.status == 503
            guard isRefusal, let budget, await budget.backOff(after: attempt, retryAfter: response.retryAfter) else {
                throw AdministrationError(response, resource: resource)
            }
            attempt += 1
        }
    }

    func token(for url: String, resource: String) async throws(AdministrationError) -> AccessToken {
        do throws(IdentityError) {
            return try await tokens.token(for: url)
        } catch {
            throw AdministrationError(error, resource: resource)
        }
    }

    /// The document that an answer holds.
    func document(of response: RESTResponse, _ resource: String) throws(AdministrationError) -> AtomDocument {
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLElement(parsing: response.body)
        } catch {
            throw .unexpectedAnswer(resource, detail: error.description, response: response)
        }
        guard let document = AtomDocument(root) else {
            throw .unexpectedAnswer(resource, detail: "its top element is '\(root.name.local)'", response: response)
        }
        return document
    }
}
