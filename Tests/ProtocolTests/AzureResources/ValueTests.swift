import AzureResources
import Identity
import Testing

@Suite("Ids of Azure")
struct IDTests {
    private let queue = ResourceID(
        "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.ServiceBus/namespaces/Contoso/queues/orders")

    @Test("are equal whatever their casing and slashes")
    func casing() {
        #expect(queue == ResourceID("subscriptions/s1/resourcegroups/rg/providers/microsoft.servicebus/Namespaces/contoso/Queues/ORDERS/"))
        #expect(queue.hashValue == ResourceID(queue.text.uppercased()).hashValue)
        #expect(queue.description.hasSuffix("/queues/orders"))
        #expect(queue != ResourceID(queue.text + "2"))
        let accented = ResourceID("a/\u{301}b/c")
        #expect(accented.segments.count == 3, "a slash with an accent is a slash")
        #expect(accented == ResourceID(accented.text))
    }

    @Test("name their subscription, group and namespace")
    func parts() {
        #expect(queue.name == "orders")
        #expect(queue.subscription == ResourceID("/subscriptions/s1"))
        #expect(queue.resourceGroup == "RG")
        #expect(queue.serviceBusNamespace?.name == "Contoso")
        #expect(ResourceID("/providers/Microsoft.Management/managementGroups/all").subscription == nil)
        #expect(ResourceID("/providers/Microsoft.Management/managementGroups/all").isManagementGroup)
        #expect(ResourceID("/subscriptions/s1").serviceBusNamespace == nil)
        #expect(ResourceID.root.name == "")
    }

    @Test("contain what lies below them, part by part")
    func containment() {
        for scope in queue.scopes { #expect(scope.contains(queue), "\(scope)") }
        #expect(ResourceID("/SUBSCRIPTIONS/s1/RESOURCEGROUPS/rg").contains(queue))
        #expect(!ResourceID("/subscriptions/s1/resourceGroups/r").contains(queue))
        #expect(!queue.contains(ResourceID("/subscriptions/s1/resourceGroups/RG")))
        #expect(!queue.contains(ResourceID(queue.text + "-archive")))
        #expect(ResourceID.root.contains(queue))
    }

    @Test("know all scopes above them, without the providers' names")
    func scopes() {
        let subscription = ResourceID(queue.text.replacing("queues/orders", with: "topics/events/subscriptions/billing"))
        #expect(
            subscription.scopes.map(\.text) == [
                "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.ServiceBus/namespaces/Contoso/topics/events/subscriptions/billing",
                "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.ServiceBus/namespaces/Contoso/topics/events",
                "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.ServiceBus/namespaces/Contoso",
                "/subscriptions/S1/resourceGroups/RG",
                "/subscriptions/S1", "/",
            ])
        #expect(ResourceID("/providers/Microsoft.Management/managementGroups/all").scopes.count == 2)
        #expect(ResourceID.root.scopes == [.root])
    }

    @Test("are equal with and without dashes when they are GUIDs")
    func guids() {
        let id = GUID("47D5A904-80AD-53E1-AA11-828E33D16CEF")
        #expect(id == GUID("47d5a90480ad53e1aa11828e33d16cef"))
        #expect(id.canonical == "47d5a904-80ad-53e1-aa11-828e33d16cef")
        #expect(id.text == "47D5A904-80AD-53E1-AA11-828E33D16CEF")
        #expect(GUID("principalId1") == GUID("PRINCIPALID1"))
        #expect(GUID("principalId1") != GUID("principalId2"))
        #expect(GUID("") != id)
    }
}

@Suite("Times and durations of Azure")
struct TimeTests {
    @Test(
        "are read whatever their fractions and zones",
        arguments: [
            ("2023-02-15T03:17:51.8301712Z", 1_676_431_071), ("2023-02-15T03:17:51Z", 1_676_431_071),
            ("2023-02-15T03:17:51", 1_676_431_071),
            ("2023-02-15T04:17:51.84+01:00", 1_676_431_071), ("1970-01-01T00:00:00.0Z", 0), ("2026-08-01T10:00:00.Z", 1_785_578_400),
        ])
    func times(text: String, seconds: Int64) {
        #expect(WallTime(rfc3339: text)?.secondsSince1970 == seconds)
    }

    @Test("are refused when they are none", arguments: ["", "yesterday", "2023-02-30T", "2023-13-01T00:00:00Z", "2023-02-15", "Z"])
    func noTimes(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }

    @Test("are written to the second")
    func writing() {
        #expect(WallTime(secondsSince1970: 1_785_578_400).rfc3339 == "2026-08-01T10:00:00Z")
    }

    @Test("say what an assignment's note promised")
    func notes() throws {
        let note = try #require(GrantNote("jit req=req-20260801-002 exp=2026-08-01T12:00:00Z by=ca401000-0000-4000-8000-000000000003"))
        #expect(note.request == "req-20260801-002")
        #expect(note.expires.rfc3339 == "2026-08-01T12:00:00Z")
        #expect(note.grantedBy == "ca401000-0000-4000-8000-000000000003")
        #expect(GrantNote(note.text) == note)
        #expect(GrantNote("jit req=a exp=2026-08-01T12:00:00Z")?.grantedBy == nil)
        #expect(GrantNote("jit req=a exp=soon") == nil)
        #expect(GrantNote("for the migration exp=2026-08-01T12:00:00Z") == nil)
    }
}
