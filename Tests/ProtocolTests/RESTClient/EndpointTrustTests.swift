import RESTClient
import Testing

@Suite("Where secrets may be sent")
struct EndpointTrustTests {
    @Test(
        "to this machine, or over TLS",
        arguments: [
            "https://example", "https://10.0.0.1:8443/path", "http://localhost", "http://LOCALHOST:1/a", "http://127.0.0.1:80",
            "http://127.255.0.1", "http://[::1]:8080",
        ])
    func safe(url: String) { #expect(Endpoint(url: url)?.isSafeForSecrets == true) }

    @Test(
        "not to what only looks like it",
        arguments: [
            "http://example", "http://127.0.0.1.example", "http://127.0.0", "http://127.0.0.256", "http://localhost.example",
            "http://b.localhost", "http://10.0.0.1", "http://[::2]", "http://[fe80::1]",
        ])
    func unsafe(url: String) { #expect(Endpoint(url: url)?.isSafeForSecrets == false) }

    @Test(
        "nor to what is no address",
        arguments: ["http://localhost@example", "http://[::1].example", "http://localhost:x", "ftp://localhost"])
    func nowhere(url: String) { #expect(Endpoint(url: url) == nil) }
}
