import AzureResources
import RESTClient
import Testing

@Suite("Requests to Azure at once")
struct RequestGateTests {
    private let namespace = ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n")

    @Test("are eight and no more")
    func atOnce() async throws {
        let exchange = CrowdedExchange()
        let client = exchange.client
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 { group.addTask { [namespace] in _ = try await client.queues(of: namespace) } }
            while exchange.current < 8 { await Task.yield() }
            // A ninth would come now if it could.
            for _ in 0..<2000 { await Task.yield() }
            #expect(exchange.current == 8)
            exchange.open()
            try await group.waitForAll()
        }
        #expect(exchange.most == 8)
        #expect(exchange.count == 40)
    }

    @Test("go on when one that waits for its turn is cancelled")
    func cancelledWaiting() async throws {
        let exchange = CrowdedExchange()
        let client = exchange.client
        let running = (0..<8).map { _ in Task { [namespace] in try await client.queues(of: namespace) } }
        while exchange.current < 8 { await Task.yield() }
        let waiting = Task { [namespace] in try await client.queues(of: namespace) }
        waiting.cancel()
        let result = await waiting.result
        #expect((#expect(throws: AzureError.self) { try result.get() })?.code == .cancelled)
        exchange.open()
        for task in running { #expect(try await task.value.isEmpty) }
        #expect(try await client.queues(of: namespace).isEmpty)
        #expect(exchange.count == 9)
    }

    @Test("are not sent when they were cancelled before their turn")
    func cancelled() async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[]}"#) }
        let task = Task { [namespace] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await azure.resourceManager.queues(of: namespace)
        }
        let result = await task.result
        #expect((#expect(throws: AzureError.self) { try result.get() })?.code == .cancelled)
        #expect(azure.exchange.requests.isEmpty)
    }
}
