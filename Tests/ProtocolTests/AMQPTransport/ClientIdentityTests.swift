import AMQP
import AMQPTransport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A certificate of our own", .timeLimit(.minutes(3)))
struct ClientIdentityTests {
    private func withFiles<R>(_ body: (_ authority: String, _ certificate: String, _ key: String) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("callboard-identity-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            return file.path
        }
        return try await body(
            try write("ca.pem", TestCertificates.authority), try write("cert.pem", TestCertificates.good.certificate),
            try write("key.pem", TestCertificates.good.key))
    }

    private func failure(port: Int, _ security: Endpoint.Security) async -> String {
        do {
            try await AMQPConnection.withConnection(
                to: Endpoint(host: "localhost", port: port, security: security),
                configuration: ConnectionConfiguration(containerID: "tests")
            ) { _ in }
            return "connected"
        } catch { return "\(error)" }
    }

    @Test("is shown to a server that asks for one, which turns others away")
    func shown() async throws {
        // The server says no AMQP: to hear that, TLS has to be through.
        let behaviour = PeerServer.Behaviour(
            says: "HTTP/1.1 400 Bad Request\r\n\r\n", certificate: TestCertificates.good, clientAuthority: TestCertificates.authority)
        try await withFiles { authority, certificate, key in
            try await PeerServer.with(behaviour) { port in
                let identity = ClientIdentity(certificateFile: certificate, keyFile: key)
                let known = await failure(port: port, .tls(caFile: authority, identity: identity))
                #expect(known.contains("does not speak AMQP"), "\(known)")
                let unknown = await failure(port: port, .tls(caFile: authority))
                #expect(!unknown.contains("does not speak AMQP") && unknown != "connected", "\(unknown)")
            }
        }
    }

    @Test("that cannot be used is named by its file")
    func unusable() async throws {
        try await withFiles { authority, certificate, key in
            let missing = await failure(
                port: 1, .tls(caFile: nil, identity: ClientIdentity(certificateFile: "/nowhere/cert.pem", keyFile: key)))
            #expect(missing.contains("/nowhere/cert.pem"), "\(missing)")
            let noKey = await failure(
                port: 1, .tls(caFile: nil, identity: ClientIdentity(certificateFile: certificate, keyFile: authority)))
            #expect(noKey.contains("\(authority): it holds no key in PEM form"), "\(noKey)")
        }
    }
}
