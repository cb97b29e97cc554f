internal import NIOCore
internal import RESTClient
internal import Synchronization

/// The instance metadata service of virtual machines and of what pretends to be it.
final class InstanceMetadataService: IdentityService {
    /// The waits before the attempts that follow a refusal.
    static let delays: [Duration] = [.zero, .milliseconds(1600), .milliseconds(3200), .milliseconds(6400), .milliseconds(12800)]
    /// How long an update of the service may take, during which it answers 410.
    static let longestUpdate = Duration.seconds(70)
    static let probeLimit = Duration.seconds(1)

    private let base: String
    private let http: RESTClient
    private let pause: Pause
    private let isKnown: Mutex<Bool>

    init(override: String?, http: RESTClient, pause: Pause) {
        let host = override ?? "http://169.254.169.254"
        self.base = host.hasSuffix("/") ? String(host.dropLast()) : host
        self.http = http
        self.pause = pause
        self.isKnown = Mutex(override != nil)
    }

    private var url: String { self.base + "/metadata/identity/oauth2/token" }

    func answer(for scope: TokenScope, _ selection: ManagedIdentityCredential.Selection) async throws(IdentityError) -> RESTResponse {
        try await self.probe()
        let query =
            "?api-version=2018-02-01&resource=\(PercentEncoding.encode(scope.resource))\(selection.query(resourceIDName: "msi_res_id"))"
        var request = RESTRequest(.get, self.url + query, headers: ["Metadata": "true"])
        // The service's own table of attempts, not that of services far away.
        request.isRepeatedWhenRefused = false
        var waited = Duration.zero
        var attempt = 0
        while true {
            let response = try await self.http.identityAnswer(request)
            if response.isSuccess { return response }
            guard let delay = self.delay(after: attempt, status: response.status, waited: waited) else {
                throw self.failure(response, selection)
            }
            if delay > .zero { try await self.pause(delay) }
            waited += delay
            attempt += 1
        }
    }

    /// How long to wait before the next attempt; nil when there is none.
    private func delay(after attempt: Int, status: Int, waited: Duration) -> Duration? {
        guard [404, 410, 429].contains(status) || (500...599).contains(status) else { return nil }
        if attempt < Self.delays.count { return Self.delays[attempt] }
        return status == 410 && waited < Self.longestUpdate ? Self.delays.last : nil
    }

    /// Whether anybody is there: elsewhere than on Azure nobody answers at that address, and nobody refuses either.
    private func probe() async throws(IdentityError) {
        guard !self.isKnown.withLock({ $0 }) else { return }
        let url = self.url
        let http = self.http
        let response: RESTResponse?
        do throws(IdentityError) {
            response = try await self.pause.limit(Self.probeLimit) { () throws(IdentityError) in
                // Without the header that makes it a request for a token: 400 is the answer of one that is there.
                var request = RESTRequest(.get, url)
                request.isRepeatedWhenRefused = false
                return try await http.identityAnswer(request)
            }
        } catch {
            guard error.code == .unavailable else { throw error }
            response = nil
        }
        guard let response else {
            throw IdentityError(.notConfigured, "No instance metadata service answers here within 1 s: this is not an Azure machine.")
        }
        // Docker Desktop answers for addresses that lead nowhere.
        if response.status == 403, response.identityProblem.contains("unreachable") || String(buffer: response.body).contains("unreachable")
        {
            throw IdentityError(.notConfigured, "The instance metadata service is not reachable from this container.")
        }
        self.isKnown.withLock { $0 = true }
    }

    private func failure(_ response: RESTResponse, _ selection: ManagedIdentityCredential.Selection) -> IdentityError {
        let problem = response.identityProblem
        return switch response.status {
        case 400:
            IdentityError(
                .notConfigured,
                "The instance metadata service has no identity \(selection.isDefault ? "" : "of that id ")for this machine: \(problem)",
                hint: "Assign a managed identity to the machine, or give the client id of the one it has.")
        case 403 where problem.contains("unreachable"):
            IdentityError(.notConfigured, "The instance metadata service is not reachable from this container.")
        case 404, 410, 429, 500...599:
            IdentityError(.unavailable, "The instance metadata service gave no token: \(problem)", hint: "Try again in a minute.")
        default:
            IdentityError(.invalidAnswer, "The instance metadata service gave no token (status \(response.status)): \(problem)")
        }
    }
}

extension ManagedIdentityCredential.Selection {
    fileprivate var isDefault: Bool { self == .systemAssigned }
}
