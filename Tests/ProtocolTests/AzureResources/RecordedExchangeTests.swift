import AzureResources
import Identity
import Testing

/// Every recorded exchange of Service Bus and its roles is read here; 001 and 003 are sign-ins, which Identity reads.
@Suite("Recorded exchanges of Azure Resource Manager", .enabled(if: AzureVectors.exist, AzureVectors.areMissing))
struct RecordedExchangeTests {
    /// `TimeSpan.MaxValue`: for ever.
    private let forever = Duration(
        secondsComponent: 922_337_203_685, attosecondsComponent: 477_580_700_000_000_000)

    @Test("are all read by one of these tests")
    func complete() throws {
        let numbers = try AzureVectors.names("arm").compactMap { $0.firstMatch(of: /^(\d{3})-/).map { String($0.1) } }
        let read =
            ["001", "003"] + ["005", "037", "039", "041", "092"] + ["007", "050", "052", "019", "021", "060", "062", "071", "075"]
            + ["009", "027", "043", "054", "064", "011", "029", "045", "056", "067"] + [
                "013", "015", "017", "023", "025", "047", "073", "086",
            ]
            + ["077", "080", "090", "031", "033", "035"]
        #expect(numbers.count == 40)
        #expect(Set(numbers) == Set(read))
    }

    @Test("of namespaces")
    func namespaces() throws {
        let made: NamespaceResource = try AzureVectors.answer("005").read()
        #expect(made.name == "myNamespacexxyyzzybx")
        #expect(made.id.resourceGroup == "rgname")
        #expect(made.location == "East US")
        #expect(made.tags == ["tag1": "value1", "tag2": "value2"])
        #expect(made.sku?.name == "Standard")
        #expect(made.sku?.tier == "Standard")
        #expect(made.localAuthentication == .on)
        #expect(made.isZoneRedundant == false)
        #expect(made.provisioningState == .created)
        #expect(!made.provisioningState.isFinal)
        #expect(made.status == "Activating")
        #expect(made.createdAt?.rfc3339 == "2023-02-15T03:14:50Z")
        #expect(made.endpoint == "https://myNamespacexxyyzzybx.servicebus.windows.net:443/")
        #expect(made.metricID == "00000000-0000-0000-0000-000000000000:mynamespacexxyyzzybx")

        let old: NamespaceResource = try AzureVectors.answer("037").read()
        #expect(old.localAuthentication == .unknown)
        #expect(old.provisioningState == .created)
        let ready: NamespaceResource = try AzureVectors.answer("039").read()
        #expect(ready.provisioningState == .succeeded)
        #expect(ready.id == old.id)
        #expect(ready.updatedAt?.rfc3339 == "2020-03-24T07:12:05Z")
        let premium: NamespaceResource = try AzureVectors.answer("092").read()
        #expect(premium.sku?.capacity == 1)
        #expect(premium.provisioningState == .updating)
        #expect(premium.tags == ["tag3": "value3", "tag4": "value4"])

        let answer = try AzureVectors.answer("041")
        let list: [NamespaceResource] = try answer.readList()
        guard case .array(let elements)? = answer["value"] else { return #expect(Bool(false), "the recording has no list") }
        #expect(list.count == elements.count)
        #expect(list.first?.name == "net-servicebus-bcea5dd6-b929-4fb4-a577-2eca84")
        #expect(list.first?.tags["framework"] == ".NET Core 4.6.28325.01")
        #expect(list.dropFirst().first?.tags == [:])
        #expect(list.allSatisfy { $0.id.serviceBusNamespace == $0.id })
    }

    @Test("of queues")
    func queues() throws {
        let queue: QueueResource = try AzureVectors.answer("007").read()
        #expect(queue.id.text.hasSuffix("/queues/myQueue"))
        #expect(queue.name == "myQueue")
        #expect(queue.maxMessageSizeInKilobytes == 256)
        #expect(queue.lockDuration == .seconds(60))
        // Partitioned: sixteen times what was asked for.
        #expect(queue.maxSizeInMegabytes == 16384)
        #expect(queue.enablePartitioning == true)
        #expect(queue.requiresDuplicateDetection == false)
        #expect(queue.requiresSession == false)
        #expect(queue.defaultMessageTimeToLive == forever)
        #expect(queue.autoDeleteOnIdle == forever)
        #expect(queue.deadLetteringOnMessageExpiration == false)
        #expect(queue.enableBatchedOperations == true)
        #expect(queue.duplicateDetectionHistoryTimeWindow == .seconds(600))
        #expect(queue.maxDeliveryCount == 10)
        #expect(queue.sizeInBytes == 0)
        #expect(queue.messageCount == 0)
        #expect(queue.status == .active)
        #expect(queue.enableExpress == false)
        #expect(queue.counts?.deadLetter == 0)
        #expect(queue.createdAt?.rfc3339 == "2023-02-15T03:15:52Z")
        // The year 1 is "never".
        #expect(queue.accessedAt == nil)

        let old: QueueResource = try AzureVectors.answer("050").read()
        let listed: [QueueResource] = try AzureVectors.answer("052").readList()
        #expect(listed == [old])
        #expect(old.maxMessageSizeInKilobytes == nil)
        #expect(old.maxSizeInMegabytes == 5120)
    }

    @Test("of topics, subscriptions and rules")
    func topics() throws {
        let topic: TopicResource = try AzureVectors.answer("060").read()
        #expect(topic.supportOrdering == true)
        #expect(topic.subscriptionCount == 0)
        #expect(topic.counts?.scheduled == 0)
        #expect(topic.maxSizeInMegabytes == 5120)
        #expect(topic.status == .active)
        #expect(topic.accessedAt == nil)
        let listed: [TopicResource] = try AzureVectors.answer("062").readList()
        #expect(listed == [topic])

        let made: SubscriptionResource = try AzureVectors.answer("019").read()
        #expect(made.name == "mySubscription")
        #expect(made.isClientAffine == false)
        #expect(made.deadLetteringOnFilterEvaluationExceptions == true)
        #expect(made.maxDeliveryCount == 10)
        #expect(made.accessedAt == nil)
        let read: SubscriptionResource = try AzureVectors.answer("021").read()
        #expect(read.id == made.id)
        #expect(read.accessedAt?.rfc3339 == "2023-02-15T03:17:51Z")
        #expect(read.counts?.transferDeadLetter == 0)
        let old: SubscriptionResource = try AzureVectors.answer("071").read()
        #expect(old.isClientAffine == nil)
        #expect(old.lockDuration == .seconds(60))

        let rule: RuleResource = try AzureVectors.answer("075").read()
        #expect(rule.name == "testingpythonsdkrule")
        #expect(rule.filter == .sql(expression: "1=1", compatibilityLevel: 20))
        #expect(rule.action == nil)
    }

    @Test("of shared access rules, whatever the casing of their ids", arguments: ["009", "027", "043", "054", "064"])
    func rules(number: String) throws {
        let rule: AuthorizationRuleResource = try AzureVectors.answer(number).read()
        #expect(rule.rights == [.listen, .send])
        #expect(rule.name == rule.id.name)
        let request = try AzureVectors.exchange(number)["request"]?["url"]?.string
        let path = try #require(request?.firstMatch(of: /https:\/\/[^\/]+([^?]+)/)).1
        #expect(rule.id == ResourceID(String(path)))
        #expect(rule.owner.contains(rule.id))
        #expect(rule.owner == ResourceID(path.split(separator: "/").dropLast(2).joined(separator: "/")))
    }

    @Test("of keys", arguments: ["011", "029", "045", "056", "067"])
    func keys(number: String) throws {
        let answer = try AzureVectors.answer(number)
        let keys: AccessKeys = try answer.read()
        #expect(keys.keyName == answer["keyName"]?.string)
        for (name, secret) in [
            ("primaryKey", keys.primaryKey), ("secondaryKey", keys.secondaryKey), ("primaryConnectionString", keys.primaryConnectionString),
            ("secondaryConnectionString", keys.secondaryConnectionString),
        ] {
            #expect(secret.withRevealedText { $0 == answer[name]?.string }, "\(name)")
        }
        #expect(keys.aliasPrimaryConnectionString == nil)
        // Nothing that prints them shows them.
        #expect(!String(describing: keys).contains("SharedAccessKey="))
        #expect(String(reflecting: keys).split(separator: Secret.placeholder).count == 5)
    }

    @Test("of requests for new keys are what is sent here", arguments: ["011", "067"])
    func regeneration(number: String) throws {
        #expect(try AzureVectors.request(number) == AccessKeys.regeneration(.primary))
    }

    @Test("of network rules")
    func networkRules() throws {
        for number in ["077", "090"] {
            let rules: NetworkRuleSet = try AzureVectors.answer(number).read()
            #expect(rules.defaultAction == "Deny")
            #expect(rules.addresses.map(\.ipMask) == (1...5).map { "1.1.1.\($0)" })
            #expect(rules.addresses.allSatisfy { $0.action == "Allow" })
            #expect(rules.subnets.map(\.ignoresMissingEndpoint) == [true])
            #expect(rules.subnets.first?.subnet?.name == "mySubnet")
        }
    }

    @Test("of role assignments and roles")
    func roles() throws {
        let made: RoleAssignment = try AzureVectors.answer("033").read()
        #expect(made.role == RoleDefinition.BuiltIn.contributor)
        #expect(made.principal == GUID("6d33bfc8-e476-11e8-915d-f2801f1b9fd1"))
        #expect(made.principalKind == .servicePrincipal)
        #expect(made.name == GUID("ddfe2dc0-9858-442f-aca3-ac215947a815"))
        #expect(made.createdAt?.rfc3339 == "2018-11-09T23:22:30Z")
        // In the answer to its making it is null; later it names who made it.
        #expect(made.createdBy == nil)
        #expect(made.updatedBy == GUID("6d33bfc8-e476-11e8-915d-f2801f1b9fd1"))

        let roles: [RoleDefinition] = try AzureVectors.answer("035").readList()
        #expect(roles.map(\.roleName) == ["Contributor"])
        let contributor = try #require(roles.first)
        #expect(contributor.role == RoleDefinition.BuiltIn.contributor)
        #expect(contributor.kind == .builtIn)
        #expect(contributor.permissions.first?.notActions.count == 5)
        #expect(contributor.assignableScopes == [.root])
        #expect(contributor.allows(.control("Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action")))
        #expect(!contributor.allows(.control("Microsoft.Authorization/roleAssignments/write")))
    }

    @Test("without a body have none", arguments: ["013", "015", "017", "023", "025", "047", "073", "086"])
    func withoutBody(number: String) throws {
        let answer = try #require(try AzureVectors.exchange(number)["response"])
        #expect(answer["body"] == nil)
    }
}
