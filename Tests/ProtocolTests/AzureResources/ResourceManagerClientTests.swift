import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import Testing

@Suite("Azure Resource Manager")
struct ResourceManagerClientTests {
    private let namespace = ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n")
    private let base = "https://management.azure.com"

    private func queue(_ name: String) -> String { #"{"id":"\#(namespace)/queues/\#(name)","name":"\#(name)","properties":{}}"# }

    // MARK: Requests

    @Test("is asked with a token for it, a version, and an id that joins it to the service's logs")
    func request() async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[]}"#) }
        _ = try await azure.resourceManager.roleAssignments(.assignedTo(GUID("o'id"), below: false), of: namespace)
        #expect(
            azure.lines == [
                "GET \(base)\(namespace)/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
                    + "&$filter=atScope%28%29%20and%20assignedTo%28%27o%27%27id%27%29"
            ])
        let request = try #require(azure.exchange.requests.first)
        #expect(request.headers["Authorization"] == "Bearer token-1")
        #expect(request.headers["x-ms-client-request-id"]?.isEmpty == false)
        #expect(azure.tokens.scopes == [.resourceManager(.global)])
    }

    @Test("gets names into URLs as one part each")
    func encoding() async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[]}"#) }
        _ = try await azure.resourceManager.subscriptions(ofTopic: namespace.appending("topics", "a b?c#d%e"))
        #expect(azure.lines.first?.contains("/topics/a%20b%3Fc%23d%25e/subscriptions?api-version=") == true)
    }

    @Test("is told what is written")
    func writing() async throws {
        let azure = ScriptedAzure { _, request in
            request.method == .put
                ? .text(#"{"id":"/s/x","properties":{"roleDefinitionId":"/r","principalId":"p","scope":"/s"}}"#, status: 201)
                : .text("", status: 204)
        }
        let draft = RoleAssignmentDraft(roleDefinitionID: ResourceID("/r"), principal: GUID("p"), principalKind: .user)
        let made = try await azure.resourceManager.createRoleAssignment(
            draft, at: ResourceID("/s"), name: GUID("47d5a90480ad53e1aa11828e33d16cef"))
        #expect(made.value.principalKind == .unknown)
        #expect(try await !azure.resourceManager.deleteRoleAssignment(made.value.id).value)
        #expect(
            azure.lines == [
                "PUT \(base)/s/providers/Microsoft.Authorization/roleAssignments/47d5a904-80ad-53e1-aa11-828e33d16cef?api-version=2022-04-01",
                "DELETE \(base)/s/x?api-version=2022-04-01",
            ])
        #expect(azure.bodies.first == #"{"properties":{"principalId":"p","principalType":"User","roleDefinitionId":"/r"}}"#)
        #expect(azure.exchange.requests.first?.headers["Content-Type"] == "application/json")
    }

    @Test("is asked for the namespaces of all subscriptions; one that refuses does not hide the others")
    func allNamespaces() async throws {
        let azure = ScriptedAzure { _, request in
            if request.url.contains("/subscriptions?") {
                return .text(
                    #"{"value":[{"id":"/subscriptions/a","displayName":"A"},{"id":"/subscriptions/b","state":"Enabled","tenantId":"t"}]}"#)
            }
            return request.url.contains("/subscriptions/a/")
                ? .error(403, "AuthorizationFailed")
                : .text(#"{"value":[{"id":"/n","name":"n","location":"x","properties":{}}]}"#)
        }
        let all = try await azure.resourceManager.namespacesOfAllSubscriptions()
        #expect(all.map(\.subscription.id.name) == ["a", "b"])
        #expect(all[1].subscription.tenant == GUID("T"))
        #expect(throws: AzureError.self) { try all[0].namespaces.get() }
        #expect(try all[1].namespaces.get().map(\.name) == ["n"])
        #expect(azure.lines.first == "GET \(base)/subscriptions?api-version=2022-12-01")
    }

    @Test("is asked for keys only by the call that says so")
    func keys() async throws {
        let azure = ScriptedAzure { _, request in
            request.method == .post
                ? .text(
                    #"{"keyName":"app","primaryKey":"1","secondaryKey":"2","primaryConnectionString":"3","secondaryConnectionString":"4"}"#)
                : .text(#"{"value":[{"id":"/n/authorizationRules/app","name":"app","properties":{"rights":["Listen"]}}]}"#)
        }
        let rule = try #require(try await azure.resourceManager.authorizationRules(of: namespace).first)
        #expect(rule.rights == [.listen])
        #expect(azure.exchange.requests.allSatisfy { $0.method == .get })
        _ = try await azure.resourceManager.listKeys(of: rule.id)
        _ = try await azure.resourceManager.regenerateKey(.secondary, of: rule.id)
        #expect(
            azure.lines.suffix(2).map { $0.split(separator: "?")[0] } == [
                "POST \(base)/n/authorizationRules/app/listKeys", "POST \(base)/n/authorizationRules/app/regenerateKeys",
            ])
        #expect(azure.bodies.last == #"{"keyType":"SecondaryKey"}"#)
    }

    // MARK: Pages

    @Test("gives its lists in pages, whose links are followed as they are")
    func paging() async throws {
        let next = "\(base)/somewhere?api-version=2021-11-01&%24skiptoken=a%2Fb"
        let azure = ScriptedAzure { [self] number, _ in
            number == 0
                ? .text(#"{"value":[\#(queue("a")),\#(queue("b"))],"nextLink":"\#(next)"}"#)
                : .text(#"{"value":[\#(queue("c"))],"nextLink":null}"#)
        }
        let queues = try await azure.resourceManager.queues(of: namespace)
        #expect(queues.map(\.name) == ["a", "b", "c"])
        #expect(azure.exchange.requests.map(\.url) == ["\(base)\(namespace)/queues?api-version=2021-11-01", next])
    }

    @Test(
        "gets no token sent to another host that a link names",
        arguments: [
            "https://evil.example/next", "http://management.azure.com/next", "https://management.azure.com:444/next",
            "https://management.azure.com@evil.example/",
            "https://management.azure.com.evil.example/", "/relative",
        ])
    func foreignLink(link: String) async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[],"nextLink":"\#(link)"}"#) }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.code == .untrustedLink)
        #expect(azure.exchange.requests.count == 1)
        #expect(!error.description.contains("evil"))
    }

    @Test("is not followed in a circle")
    func circle() async throws {
        let first = "\(base)\(namespace)/queues?api-version=2021-11-01"
        let azure = ScriptedAzure { number, _ in .text(#"{"value":[],"nextLink":"\#(number % 2 == 0 ? first + "&p=2" : first)"}"#) }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.code == .untrustedLink)
        #expect(azure.exchange.requests.count == 2)
    }

    @Test("gives the Activity Log page by page, for a query that it takes")
    func activity() async throws {
        let azure = ScriptedAzure { [base] number, _ in
            .text(#"{"value":[],"nextLink":\#(number == 0 ? "\"\(base)/2\"" : "null")}"#)
        }
        let query = ActivityQuery(from: WallTime(secondsSince1970: 0), to: WallTime(secondsSince1970: 60), .resource(namespace))
        var pages = 0
        for try await page in azure.resourceManager.activity(of: ResourceID("/subscriptions/s"), query) {
            #expect(page.isEmpty)
            pages += 1
        }
        #expect(pages == 2)
        #expect(
            query.filter
                == "eventTimestamp ge '1970-01-01T00:00:00Z' and eventTimestamp le '1970-01-01T00:01:00Z' and resourceUri eq '\(namespace)'"
        )
        #expect(
            azure.lines.first?.hasPrefix("GET \(base)/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values?") == true)
    }

    // MARK: Refusals

    @Test("has a claims challenge answered once, with a new token")
    func challenge() async throws {
        let field = #"Bearer realm="", authorization_uri="https://x", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#
        let refused = RESTResponse.error(401, "InvalidAuthenticationToken", headers: ["WWW-Authenticate": field])
        let azure = ScriptedAzure { number, _ in number == 0 ? refused : .text(#"{"value":[]}"#) }
        _ = try await azure.resourceManager.queues(of: namespace)
        #expect(azure.tokens.challenges == [nil, ClaimsChallenge(json: #"{"access_token":{}}"#)])
        #expect(azure.exchange.requests.map { $0.headers["Authorization"] } == ["Bearer token-1", "Bearer token-2"])

        let stubborn = ScriptedAzure { _, _ in refused }
        let error = try await azureFailure { () throws(AzureError) in _ = try await stubborn.resourceManager.queues(of: namespace) }
        #expect(error.code == .notSignedIn)
        #expect(error.serviceCode == "InvalidAuthenticationToken")
        #expect(stubborn.exchange.requests.count == 2)
    }

    @Test(
        "that asks for nothing new with its 401 is not asked again",
        arguments: ["Bearer realm=\"\"", "Bearer claims=\"%%%\"", "Bearer claims=\"bm8=\""])
    func noChallenge(field: String) async throws {
        let azure = ScriptedAzure { _, _ in .error(401, "ExpiredAuthenticationToken", headers: ["WWW-Authenticate": field]) }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.code == .notSignedIn)
        #expect(azure.exchange.requests.count == 1)
    }

    @Test("is given the time it asks for when it is busy; what it still takes is read from its answers")
    func throttling() async throws {
        let azure = ScriptedAzure { number, _ in
            number == 0
                ? .error(
                    429, "SubscriptionRequestsThrottled",
                    headers: ["Retry-After": "17", "x-ms-ratelimit-remaining-subscription-reads": "0"])
                : .text(
                    #"{"value":[]}"#,
                    headers: ["x-ms-ratelimit-remaining-subscription-reads": "11997", "x-ms-ratelimit-remaining-tenant-writes": "1199"])
        }
        let client = azure.resourceManager
        #expect(client.budget == RequestBudget())
        _ = try await client.queues(of: namespace)
        #expect(azure.clock.sleeps == [.seconds(17)])
        #expect(client.budget.subscriptionReads == 11997)
        #expect(client.budget.tenantWrites == 1199)
        #expect(client.budget.subscriptionWrites == nil)
    }

    @Test(
        "is asked slowly when it will take little more, so that it need not refuse",
        arguments: [(101, []), (100, [Duration.milliseconds(400)])])
    func slowly(left: Int, rests: [Duration]) async throws {
        let azure = ScriptedAzure { _, _ in
            .text(#"{"value":[]}"#, headers: ["x-ms-ratelimit-remaining-subscription-reads": "\(left)"])
        }
        let client = azure.resourceManager
        _ = try await client.queues(of: namespace)
        #expect(azure.clock.sleeps.isEmpty, "nothing is known of it yet")
        _ = try await client.queues(of: namespace)
        #expect(azure.clock.sleeps == rests)
    }

    @Test("says that it is busy when it stays so")
    func throttled() async throws {
        let azure = ScriptedAzure { _, _ in .error(429, "SubscriptionRequestsThrottled", headers: ["Retry-After": "300"]) }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.isThrottled)
        #expect(error.retryAfter == .seconds(300))
        #expect(error.description.contains("300 seconds"))
        #expect(azure.clock.sleeps.isEmpty)
    }

    @Test("is asked in an older version when it does not know the newer one, and from then on at once")
    func version() async throws {
        let azure = ScriptedAzure { _, request in
            request.url.contains("2021-11-01") ? .error(400, "NoRegisteredProviderFound") : .text(#"{"value":[]}"#)
        }
        let client = azure.resourceManager
        _ = try await client.queues(of: namespace)
        _ = try await client.topics(of: namespace)
        #expect(azure.lines.map { $0.split(separator: "=").last.map(String.init) } == ["2021-11-01", "2017-04-01", "2017-04-01"])

        let other = ScriptedAzure { _, _ in .error(400, "BadRequest") }
        _ = try await azureFailure { () throws(AzureError) in _ = try await other.resourceManager.queues(of: namespace) }
        #expect(other.exchange.requests.count == 1)
    }

    @Test("says of a namespace that is not premium that it has no network rules")
    func noNetworkRules() async throws {
        let azure = ScriptedAzure { _, _ in
            .error(400, "BadRequest", "Network Rules are available only on a Premium Messaging namespace. CorrelationId: 1")
        }
        #expect(try await azure.resourceManager.networkRuleSet(of: namespace) == nil)
        let other = ScriptedAzure { _, _ in .error(400, "BadRequest", "Something else. CorrelationId: 4d54bb97-f943") }
        let error = try await azureFailure { () throws(AzureError) in _ = try await other.resourceManager.networkRuleSet(of: namespace) }
        #expect(error.code == .refused)
        #expect(error.correlationID == "4d54bb97-f943")
    }

    @Test(
        "that sends something else is told so, with the place",
        arguments: [
            (#"{"value":[{"name":"q","properties":{}}]}"#, "value[0].id is missing"),
            (#"{"value":[{"id":"/q","name":7,"properties":{}}]}"#, "value[0].name has an unexpected type"),
            (
                #"{"value":[{"id":"/q","name":"q","properties":{"lockDuration":"soon"}}]}"#,
                "value[0].properties.lockDuration is not what it should be"
            ),
            (#"{"value":null}"#, "value is null"), ("<html>", "it is not JSON"), ("", "it is not JSON"),
        ])
    func unexpected(body: String, place: String) async throws {
        let azure = ScriptedAzure { _, _ in .text(body, headers: ["x-ms-request-id": "r-1"]) }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.code == .unexpectedAnswer)
        #expect(error.message.contains(place), "\(error.message)")
        #expect(error.description.contains("Listing the queues of \(namespace) failed (200)"))
        #expect(error.description.contains("request id r-1"))
    }

    @Test("is not asked without a token; why there is none is told")
    func noToken() async throws {
        let exchange = ScriptedExchange { _, _ in .text("") }
        let client = ResourceManagerClient(
            cloud: .global, tokens: NoTokens(),
            client: RESTClient(
                configuration: RESTConfiguration(), exchange: exchange, clock: RecordingClock(), jitter: { 1 },
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        let error = try await azureFailure { () throws(AzureError) in _ = try await client.queues(of: namespace) }
        #expect(error.code == .notSignedIn)
        #expect(error.identity?.code == .notSignedIn)
        #expect(error.description == "Listing the queues of \(namespace) failed: Nobody is signed in.")
        #expect(exchange.requests.isEmpty)
    }

    @Test("that cannot be reached says why")
    func unreachable() async throws {
        let azure = ScriptedAzure { (_, _) throws(RESTError) in
            throw RESTError(.unknownHost, endpoint: "management.azure.com:443", message: "No such host.", hint: "Check the name.")
        }
        let error = try await azureFailure { () throws(AzureError) in _ = try await azure.resourceManager.queues(of: namespace) }
        #expect(error.code == .unreachable)
        #expect(error.transport?.code == .unknownHost)
        #expect(error.description == "Listing the queues of \(namespace) failed: No such host. Check the name.")
    }
}

private struct NoTokens: AccessTokenSource {
    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        throw IdentityError(.notSignedIn, "Nobody is signed in.")
    }
}
