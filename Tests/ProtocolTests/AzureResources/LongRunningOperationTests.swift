import AzureResources
import NIOCore
import RESTClient
import Testing

@Suite("Operations of Azure that take long")
struct LongRunningOperationTests {
    private let namespace = ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n")
    private let base = "https://management.azure.com"

    private func state(_ state: String) -> RESTResponse {
        .text(#"{"id":"\#(namespace)","name":"n","location":"x","properties":{"provisioningState":"\#(state)"}}"#)
    }

    @Test("are waited for, as slowly as the service wishes")
    func removal() async throws {
        let link = "\(base)/operationresults/n?api-version=2021-11-01"
        let azure = ScriptedAzure { number, _ in
            switch number {
            case 0: .text("", status: 202, headers: ["Location": link])
            case 1: .text("", status: 202, headers: ["Location": link, "Retry-After": "43"])
            default: .text("", status: 200)
            }
        }
        try await azure.resourceManager.deleteNamespace(namespace)
        #expect(azure.lines.map { $0.split(separator: " ")[0] } == ["DELETE", "GET", "GET"])
        #expect(azure.exchange.requests.last?.url == link)
        #expect(azure.clock.sleeps == [.seconds(5), .seconds(43)])
    }

    @Test("get no token sent to another host that claims to know their result")
    func foreignOperation() async throws {
        let azure = ScriptedAzure { _, _ in .text("", status: 202, headers: ["Location": "https://evil.example/x"]) }
        let error = try await azureFailure { () throws(AzureError) in try await azure.resourceManager.deleteNamespace(namespace) }
        #expect(error.code == .untrustedLink)
        #expect(azure.exchange.requests.count == 1)
    }

    @Test("with a status of their own are waited for, and their failure is told")
    func asynchronous() async throws {
        let azure = ScriptedAzure { [base] number, _ in
            switch number {
            case 0: .text("", status: 202, headers: ["Azure-AsyncOperation": "\(base)/op"])
            case 1: .text(#"{"status":"InProgress"}"#, headers: ["Retry-After": "1"])
            default: .text(#"{"status":"failed","error":{"code":"Locked","message":"It is locked."}}"#)
            }
        }
        let error = try await azureFailure { () throws(AzureError) in try await azure.resourceManager.deleteNamespace(namespace) }
        #expect(error.code == .operationFailed)
        #expect(error.serviceCode == "Locked")
        #expect(error.message == "It is locked.")
        #expect(azure.clock.sleeps == [.seconds(5), .seconds(1)])
    }

    @Test("on namespaces have ended when the namespace says so")
    func namespaceReady() async throws {
        let azure = ScriptedAzure { [self] number, _ in state(["Created", "Updating", "Succeeded"][min(number, 2)]) }
        let made = try await azure.resourceManager.putNamespace(namespace, location: "westus", sku: "Standard", tags: ["a": "b"])
        #expect(made.provisioningState == .succeeded)
        #expect(azure.lines.map { $0.split(separator: " ")[0] } == ["PUT", "GET", "GET"])
        #expect(azure.bodies.first == #"{"location":"westus","sku":{"name":"Standard"},"tags":{"a":"b"}}"#)
        #expect(azure.clock.sleeps == [.seconds(5), .seconds(5)])

        // An answer of 202 leads to an empty one, or to one about the operation; then the namespace itself says how it is.
        for (header, end) in [("Location", ""), ("Azure-AsyncOperation", #"{"status":"Succeeded"}"#)] {
            let accepted = ScriptedAzure { [self] number, _ in
                switch number {
                case 0: .text("", status: 202, headers: HeaderFields([(header, "\(base)/operationresults/n"), ("Retry-After", "2")]))
                case 1: .text(end)
                default: state("Succeeded")
                }
            }
            #expect(try await accepted.resourceManager.setLocalAuthentication(true, of: namespace).provisioningState == .succeeded)
            #expect(accepted.lines.map { $0.split(separator: " ")[0] } == ["PATCH", "GET", "GET"])
        }

        let failing = ScriptedAzure { [self] number, _ in state(number == 0 ? "Updating" : "Failed") }
        let error = try await azureFailure { () throws(AzureError) in
            _ = try await failing.resourceManager.setLocalAuthentication(false, of: namespace)
        }
        #expect(error.code == .operationFailed)
        #expect(failing.bodies.first == #"{"properties":{"disableLocalAuth":true}}"#)
    }

    @Test("are not waited for without an end")
    func endless() async throws {
        let azure = ScriptedAzure { [self] _, _ in state("Updating") }
        let error = try await azureFailure { () throws(AzureError) in
            _ = try await azure.resourceManager.putNamespace(namespace, location: "x", sku: "Basic")
        }
        #expect(error.code == .operationFailed)
        #expect(azure.clock.sleeps.count == 240)
    }
}
