import AzureResources
import Identity
import RESTClient
import Testing

@Suite("Metrics of a namespace")
struct MetricTests {
    private let answer = #"""
        {"cost":59,"timespan":"2026-08-01T10:00:00Z/2026-08-01T10:02:00Z","interval":"PT1M","namespace":"Microsoft.ServiceBus/namespaces","value":[
         {"id":"/n/providers/Microsoft.Insights/metrics/ActiveMessages","type":"Microsoft.Insights/metrics","name":{"value":"ActiveMessages","localizedValue":"x"},
          "unit":"Count","timeseries":[
           {"metadatavalues":[{"name":{"value":"entityname","localizedValue":"entityname"},"value":"orders"}],
            "data":[{"timeStamp":"2026-08-01T10:00:00Z","average":12.5,"maximum":20},{"timeStamp":"2026-08-01T10:01:00Z"}]}]},
         {"name":{"value":"IncomingMessages"},"unit":"Count","timeseries":[{"data":[{"timeStamp":"2026-08-01T10:00:00Z","total":7.0}]}]}]}
        """#

    @Test("are asked for by entity, and are gaps where nothing was kept")
    func metrics() async throws {
        let azure = ScriptedAzure { [answer] _, _ in .text(answer) }
        let start = try #require(WallTime(rfc3339: "2026-08-01T10:00:00Z"))
        let response = try await azure.resourceManager.metrics(
            [.activeMessages, .incomingMessages], of: ResourceID("/n"), from: start, to: start.advanced(by: .seconds(120)))
        #expect(
            azure.lines == [
                "GET https://management.azure.com/n/providers/Microsoft.Insights/metrics?api-version=2018-01-01"
                    + "&metricnames=ActiveMessages%2CIncomingMessages&timespan=2026-08-01T10%3A00%3A00Z%2F2026-08-01T10%3A02%3A00Z"
                    + "&interval=PT1M&aggregation=Average%2CTotal%2CMaximum&$filter=EntityName%20eq%20%27%2A%27"
            ])
        #expect(response.interval == .seconds(60))
        let active = response.points(of: .activeMessages)
        #expect(active.keys.sorted() == ["orders"])
        #expect(active["orders"]?.map(\.average) == [12.5, nil])
        #expect(active["orders"]?.map(\.maximum) == [20, nil])
        #expect(active["orders"]?.first?.time == start)
        // The namespace as a whole.
        #expect(response.points(of: .incomingMessages)[""]?.map(\.total) == [7])
        #expect(response.points(of: .size).isEmpty)
    }
}
