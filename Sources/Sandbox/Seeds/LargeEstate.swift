/// The estate of `callboard sandbox --seed large`, to see how something fares with many of everything: 2,000 services of 50 teams,
/// 10,000 entities, a catalogue of 12,052 entries, 20,000 role assignments. All follows from numbers: every run has the same.
///
/// Queue `n` is service `n mod 2000`'s, which sends to it; the next service receives from it. To one queue in a hundred another service
/// sends than the catalogue says, and three hundred assignments are wider than one entity.
public enum LargeEstate {
    /// The namespace's name.
    public static let namespace = "sb-large"

    static let services = 2_000
    static let queues = 9_700
    static let topics = 100
    static let teams = 50
    /// Assignments that open the whole namespace: a third each to programs, people and groups.
    static let wideBindings = 300
    private static let subscriptionsOfEach = ["audit", "billing"]

    /// Makes the entities in an empty namespace.
    /// - Throws: ``BrokerError`` when the namespace has such entities already or its quotas are too small for them.
    public static func populate(_ broker: Broker) throws(BrokerError) {
        for number in 0..<queues { try broker.createQueue(queue(number)) }
        for number in 0..<topics {
            try broker.createTopic(topic(number))
            for name in subscriptionsOfEach { try broker.createSubscription(name, of: topic(number)) }
        }
    }

    // MARK: Names

    static func queue(_ number: Int) -> String { "queue-\(padded(number, 5))" }
    static func topic(_ number: Int) -> String { "topic-\(padded(number, 3))" }
    static func service(_ number: Int) -> String { "service-\(padded(number % services, 4))" }
    static func identity(of number: Int) -> String { "1a26e000-0000-4000-8000-\(padded(number % services, 12))" }

    private static func team(_ number: Int) -> String { "team-\(padded(number % teams, 2))" }
    private static func person(_ number: Int) -> String { "1a26e000-0000-4000-8001-\(padded(number, 12))" }
    private static func group(_ number: Int) -> String { "1a26e000-0000-4000-8002-\(padded(number, 12))" }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    // MARK: The cloud

    /// Catalogue, identities and roles.
    static var cloud: CloudEstate {
        var estate = CloudEstate(catalogue: CatalogueStandIn(entries), bindings: bindings)
        for number in 0..<services {
            estate.principals.append(
                Principal(
                    id: identity(of: number), displayName: service(number),
                    kind: .managedIdentity(
                        clientID: "1a26e000-0000-4000-8003-\(padded(number, 12))",
                        resourceID:
                            "/subscriptions/\(CloudSeed.subscription)/resourcegroups/\(CloudSeed.resourceGroup)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/\(service(number))"
                    )))
        }
        for number in 0..<(wideBindings / 3) {
            estate.principals.append(
                Principal(id: person(number), displayName: "Person \(number)", kind: .user(name: "person-\(number)@\(CloudSeed.domain)")))
            estate.principals.append(Principal(id: group(number), displayName: "group-\(number)", kind: .group))
            estate.members[group(number)] = Set((0..<10).map { person((number + $0) % (wideBindings / 3)) })
        }
        return estate
    }

    /// A sender and a receiver of each queue, a sender of each topic, a receiver of each subscription, and the wide ones.
    static var bindings: [CloudSeed.Binding] {
        var all: [CloudSeed.Binding] = []
        for number in 0..<queues {
            let sender = number % 100 == 0 ? number + 7 : number
            all.append(.init(principal: identity(of: sender), role: .dataSender, path: queue(number)))
            all.append(.init(principal: identity(of: number + 1), role: .dataReceiver, path: queue(number)))
        }
        for number in 0..<topics {
            all.append(.init(principal: identity(of: number), role: .dataSender, path: topic(number)))
            for (place, name) in subscriptionsOfEach.enumerated() {
                all.append(
                    .init(
                        principal: identity(of: number + place + 1), role: .dataReceiver, path: "\(topic(number))/Subscriptions/\(name)"))
            }
        }
        for number in 0..<(wideBindings / 3) {
            all.append(.init(principal: identity(of: number), role: .dataReceiver, path: nil))
            all.append(.init(principal: person(number), role: number % 2 == 0 ? .dataOwner : .reader, path: nil))
            all.append(.init(principal: group(number), role: number % 2 == 0 ? .dataSender : .reader, path: nil))
        }
        return all
    }

    // MARK: The catalogue

    private static var entries: [CloudJSON] {
        var all = (0..<teams).map { number in
            entry(
                "Group", team(number), [:], ["type": "team", "profile": ["displayName": .string("Team \(number)")], "children": .array([])])
        }
        all.append(entry("Domain", "everything", [:], ["owner": .string("group:default/\(team(0))")]))
        all.append(entry("System", "everything", [:], ["owner": .string("group:default/\(team(0))"), "domain": "everything"]))
        for number in 0..<services {
            let own =
                stride(from: number, to: queues, by: services).map { queue($0) } + (number < topics ? [topic(number)] : [])
                + subscriptionsOfEach.enumerated().compactMap { place, name in
                    // The receiver of a subscription comes after the sender to its topic.
                    (0..<topics).contains(number - place - 1) ? "\(topic(number - place - 1))-\(name)" : nil
                }
            all.append(
                entry(
                    "Component", service(number), ["callboard.dev/principal-id": identity(of: number)],
                    [
                        "type": "service", "lifecycle": "production", "owner": .string("group:default/\(team(number))"),
                        "system": "everything", "dependsOn": .array(own.map { .string("resource:default/\($0)") }),
                    ]))
        }
        for number in 0..<queues {
            all.append(
                resource(
                    queue(number), "queues", number,
                    [
                        "callboard.dev/senders": "component:default/\(service(number))",
                        "callboard.dev/receivers": "component:default/\(service(number + 1))",
                    ]))
        }
        for number in 0..<topics {
            all.append(resource(topic(number), "topics", number, ["callboard.dev/senders": "component:default/\(service(number))"]))
            for (place, name) in subscriptionsOfEach.enumerated() {
                all.append(
                    resource(
                        "\(topic(number))-\(name)", "topics/\(topic(number))/subscriptions", number, id: name,
                        ["callboard.dev/receivers": "component:default/\(service(number + place + 1))"]))
            }
        }
        return all
    }

    private static func resource(
        _ name: String, _ collection: String, _ number: Int, id: String? = nil, _ annotations: [String: String]
    ) -> CloudJSON {
        let resourceID =
            "/subscriptions/\(CloudSeed.subscription)/resourceGroups/\(CloudSeed.resourceGroup)/providers/Microsoft.ServiceBus"
            + "/namespaces/\(namespace)/\(collection)/\(id ?? name)"
        return entry(
            "Resource", name, annotations.merging(["management.azure.com/resourceId": resourceID]) { $1 },
            ["type": "azure-service-bus", "owner": .string("group:default/\(team(number))")])
    }

    private static func entry(_ kind: String, _ name: String, _ annotations: [String: String], _ spec: CloudJSON) -> CloudJSON {
        let annotations = annotations.sorted { $0.key < $1.key }.map { CloudJSON.Member(key: $0.key, value: .string($0.value)) }
        return [
            "apiVersion": "backstage.io/v1alpha1", "kind": .string(kind),
            "metadata": ["name": .string(name), "annotations": .object(annotations)], "spec": spec,
        ]
    }
}
