import AzureResources
import Identity
import RESTClient
import Testing

@Suite("Microsoft Graph")
struct GraphClientTests {
    private func id(_ number: Int) -> GUID {
        let digits = String(number)
        return GUID("00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits)
    }

    @Test("is asked for a thousand names at a time; what it leaves out is perhaps gone")
    func names() async throws {
        let azure = ScriptedAzure { [self] number, _ in
            number == 0
                ? .text(##"{"value":[{"@odata.type":"#microsoft.graph.user","id":"\##(id(1).text)","displayName":"Alice"}]}"##)
                : .text(##"{"value":[{"@odata.type":"#microsoft.graph.servicePrincipal","id":"\##(id(1500).text.uppercased())"}]}"##)
        }
        let names = try await azure.graph.names(of: (1...1500).map { id($0) } + [id(1)])
        #expect(azure.lines == Array(repeating: "POST https://graph.microsoft.com/v1.0/directoryObjects/getByIds", count: 2))
        #expect(azure.tokens.scopes == [.graph(.global), .graph(.global)])
        let sizes = azure.bodies.map { $0.split(separator: "-4000-").count - 1 }
        #expect(sizes == [1000, 500])
        guard case .found(let alice) = names[id(1)], case .found(let service) = names[id(1500)] else {
            Issue.record("they were found")
            return
        }
        #expect(alice.displayName == "Alice")
        #expect(service.kind == .servicePrincipal)
        // Without the right to read names, objects come without.
        #expect(service.displayName == nil)
        #expect(names[id(2)] == .orphanCandidate)
        #expect(names.missing.count == 1498)
        #expect(names[id(9999)] == .notAsked)
    }

    @Test("is not asked for what has not the form of an object id, for which it would refuse the others as well")
    func malformed() async throws {
        let azure = ScriptedAzure { _, _ in .text(#"{"value":[]}"#) }
        let names = try await azure.graph.names(of: [id(1), GUID("checkout-app"), GUID(""), GUID("0000000000004000800000000000000g")])
        #expect(azure.bodies.count == 1)
        #expect(azure.bodies.first?.contains(id(1).text) == true)
        #expect(azure.bodies.first?.contains("checkout-app") == false)
        #expect(names.missing == [id(1)])
        #expect(names[GUID("checkout-app")] == .notAsked)
        _ = try await azure.graph.names(of: [GUID("nobody")])
        #expect(azure.bodies.count == 1, "nothing is left to ask")
    }

    @Test("that does not let names be read is no error")
    func notPermitted() async throws {
        let azure = ScriptedAzure { _, _ in .error(403, "Authorization_RequestDenied") }
        let names = try await azure.graph.names(of: (1...1500).map { id($0) })
        #expect(azure.exchange.requests.count == 1)
        #expect(names[id(1)] == .notPermitted)
        #expect(names[id(1500)] == .notPermitted)
        #expect(names.missing.isEmpty)
        #expect(try await azure.graph.groups(of: id(1)) == .notPermitted)
        #expect(try await azure.graph.members(of: id(1)) == .notPermitted)
        #expect(try await azure.graph.isGone(id(1)) == nil)
        let failing = ScriptedAzure { _, _ in .error(500, "InternalError") }
        let error = await #expect(throws: AzureError.self) { try await failing.graph.names(of: [id(1)]) }
        #expect(error?.code == .serviceFailed)
    }

    @Test("names the groups of an identity, and the members of a group page by page")
    func groups() async throws {
        let azure = ScriptedAzure { [self] _, request in
            if request.url.contains("getMemberObjects") { return .text(#"{"value":["\#(id(7).text.uppercased())"]}"#) }
            return request.url.contains("skip")
                ? .text(##"{"value":[{"@odata.type":"#microsoft.graph.group","id":"\##(id(2).text)"}]}"##)
                : .text(
                    ##"{"@odata.nextLink":"https://graph.microsoft.com/v1.0/x?skip=1","value":[{"@odata.type":"#microsoft.graph.user","id":"\##(id(1).text)"}]}"##
                )
        }
        #expect(try await azure.graph.groups(of: nil) == .known([id(7)]))
        #expect(try await azure.graph.groups(of: id(1)) == .known([id(7)]))
        guard case .known(let members) = try await azure.graph.members(of: id(7)) else {
            Issue.record("they are known")
            return
        }
        #expect(members.map(\.kind) == [.user, .group])
        #expect(azure.lines[0] == "POST https://graph.microsoft.com/v1.0/me/getMemberObjects")
        #expect(azure.lines[1] == "POST https://graph.microsoft.com/v1.0/directoryObjects/\(id(1))/getMemberObjects")
        #expect(azure.bodies[0] == #"{"securityEnabledOnly":true}"#)
        #expect(azure.lines[2].hasPrefix("GET https://graph.microsoft.com/v1.0/groups/\(id(7))/transitiveMembers?$select=id%2C"))
    }

    @Test(
        "knows of one identity whether it is gone",
        arguments: [
            (200, "{}", false), (404, #"{"error":{"code":"Request_ResourceNotFound","message":"does not exist"}}"#, true),
        ])
    func gone(status: Int, body: String, isGone: Bool) async throws {
        let azure = ScriptedAzure { _, _ in .text(body, status: status) }
        #expect(try await azure.graph.isGone(id(1)) == isGone)
    }

    @Test("takes no other 404 for a word about the identity")
    func notGone() async throws {
        let azure = ScriptedAzure { _, _ in .text("{}", status: 404) }
        await #expect(throws: AzureError.self) { try await azure.graph.isGone(id(1)) }
    }
}
