import ServiceBus
import Testing

@Suite("The proxy of an environment")
struct NamespaceProxyTests {
    private let host = "contoso.servicebus.windows.net"

    private func proxy(_ variables: [String: String], host: String? = nil) throws -> String? {
        try NamespaceProxy.environment(variables, host: host ?? self.host)?.description
    }

    @Test("is the one of HTTPS_PROXY, in either case")
    func variables() throws {
        #expect(try proxy([:]) == nil)
        #expect(try proxy(["HTTPS_PROXY": ""]) == nil)
        #expect(try proxy(["HTTP_PROXY": "http://p:1"]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://p:3128"]) == "p:3128")
        #expect(try proxy(["https_proxy": "p"]) == "p:80")
        #expect(try proxy(["HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2"]) == "a:1")
    }

    @Test(
        "does not apply to hosts that NO_PROXY names",
        arguments: [
            ("contoso.servicebus.windows.net", true), (".windows.net", true), ("windows.net", true), ("*.windows.net", true), ("*", true),
            ("a, WINDOWS.NET ,b", true), ("contoso.servicebus.windows.net:443", true), ("indows.net", false), ("net.contoso", false),
            ("", false),
            (",", false),
        ])
    func exceptions(list: String, isExcepted: Bool) throws {
        #expect(try proxy(["HTTPS_PROXY": "http://p:1", "no_proxy": list]) == (isExcepted ? nil : "p:1"))
    }

    @Test("does not apply to this machine", arguments: ["localhost", "127.0.0.1", "::1"])
    func thisMachine(host: String) throws {
        #expect(try proxy(["HTTPS_PROXY": "http://p:1"], host: host) == nil)
    }

    @Test("is refused, without repeating it, when it is none")
    func invalid() {
        let error = #expect(throws: NamespaceProxy.Problem.self) { _ = try proxy(["HTTPS_PROXY": "https://dana:hunter2@p:1"]) }
        #expect(error?.description.contains("HTTPS_PROXY") == true)
        #expect(error?.description.contains("hunter2") == false)
    }
}
