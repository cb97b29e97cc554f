internal import RESTClient

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The identity endpoint of Azure Arc: whoever can read a file that only root and the group `himds` may read gets a token.
struct ArcIdentity: IdentityService {
    let endpoint: String
    let http: RESTClient
    let folder: String

    func answer(for scope: TokenScope, _ selection: ManagedIdentityCredential.Selection) async throws(IdentityError) -> RESTResponse {
        guard selection == .systemAssigned else {
            throw IdentityError(.notConfigured, "Azure Arc machines have no user-assigned identities.")
        }
        let url = self.endpoint + "?api-version=2020-06-01&resource=\(PercentEncoding.encode(scope.resource))"
        let first = try await self.http.identityAnswer(RESTRequest(.get, url, headers: ["Metadata": "true"]))
        guard first.status == 401, let challenge = first.headers["WWW-Authenticate"] else {
            throw IdentityError(
                .invalidAnswer, "The Arc identity endpoint answered with status \(first.status) where it should ask for a key.")
        }
        let path = AuthenticationChallenge.parameters(of: challenge)["realm"] ?? ""
        let authorization = try ArcKeyFile.read(path, in: self.folder).withRevealedText { (key) throws(IdentityError) -> String in
            guard HeaderText.isToken(key) else { throw IdentityError(.invalidAnswer, "The key file of Azure Arc does not contain a key.") }
            return "Basic \(key)"
        }
        let response = try await self.http.identityAnswer(
            RESTRequest(.get, url, headers: ["Metadata": "true", "Authorization": authorization]))
        guard response.isSuccess else {
            throw IdentityError(
                .unavailable, "The Arc identity endpoint gave no token: \(response.identityProblem)",
                hint: "Check the agent: azcmagent show")
        }
        return response
    }
}

/// The file whose content proves that its reader may have the machine's tokens.
///
/// The endpoint names it, and whoever listens at the endpoint's address could name any other file to be sent its content: so it must be a `.key` file
/// directly in the agent's folder, no link, and small.
enum ArcKeyFile {
    static let folder = "/var/opt/azcmagent/tokens"
    static let limit = 4096

    static func read(_ path: String, in folder: String) throws(IdentityError) -> Secret {
        let prefix = folder + "/"
        let name = path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : ""
        guard name.utf8.count > 4, name.hasSuffix(".key"), !name.contains("/"), !name.contains("\0"), !name.hasPrefix(".") else {
            throw IdentityError(
                .invalidAnswer, "The Arc identity endpoint names a key file that is not one of the agent's: '\(path.prefix(200))'.",
                hint: "Check who listens at IDENTITY_ENDPOINT.")
        }
        do throws(FileFault) {
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileFault.last() }
            defer { close(descriptor) }
            return Secret(try BoundedFile.read(descriptor, limit: self.limit))
        } catch {
            throw IdentityError(
                .misconfigured, "The key file of Azure Arc cannot be used: \(error.message).",
                hint: "The user must be a member of the group himds.")
        }
    }
}
