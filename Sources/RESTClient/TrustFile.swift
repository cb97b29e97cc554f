internal import NIOSSL

/// The file of further trusted certificates (`--ca-file`).
enum TrustFile {
    /// All certificates in the PEM file at `path`.
    static func load(_ path: String, endpoint: Endpoint) throws(RESTError) -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw RESTError(
                .trustFileUnusable, endpoint: endpoint.description, message: "The CA file '\(path)' cannot be read as PEM certificates.",
                hint: "It must exist, be readable, and hold '-----BEGIN CERTIFICATE-----' blocks.")
        }
        guard !certificates.isEmpty else {
            throw RESTError(
                .trustFileUnusable, endpoint: endpoint.description, message: "The CA file '\(path)' holds no certificate.",
                hint: "It must hold '-----BEGIN CERTIFICATE-----' blocks.")
        }
        return certificates
    }
}
