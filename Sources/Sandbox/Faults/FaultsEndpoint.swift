/// `/$sandbox/faults` on the administration port: GET tells what remains, PUT replaces all, DELETE takes all back.
///
/// It asks for no token: whoever reaches the sandbox may break it.
struct FaultsEndpoint: Sendable {
    static let path = "/$sandbox/faults"
    /// More than any set of faults takes.
    static let maximumBodyBytes = 16_384

    let get: @Sendable () async throws -> SandboxFaults
    let set: @Sendable (SandboxFaults) async throws -> Void

    /// - Parameter body: what came with the request; nil when it was too long.
    func respond(to method: String, body: [UInt8]?) async -> AdministrationResponse {
        do {
            switch method {
            case "GET": break
            case "PUT":
                guard let body else { return Self.fault(413, "The faults are longer than \(Self.maximumBodyBytes) bytes.") }
                let faults: SandboxFaults
                do throws(SandboxFaults.ParseError) { faults = try SandboxFaults(json: body) } catch {
                    return Self.fault(400, error.description)
                }
                try await set(faults)
            case "DELETE": try await set(SandboxFaults())
            default:
                var response = Self.fault(405, "The faults know GET, PUT and DELETE.")
                response.allow = "GET, PUT, DELETE"
                return response
            }
            return Self.json(200, try await get().json)
        } catch {
            return Self.fault(503, "The sandbox is stopping.")
        }
    }

    private static func fault(_ status: Int, _ text: String) -> AdministrationResponse {
        // No text of ours has a control character; quotes and backslashes may come from a member's name.
        let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.isASCII && $0 < " " ? "?" : String($0) }
        return json(status, #"{"error":"\#(String(escaped))"}"#)
    }

    private static func json(_ status: Int, _ body: String) -> AdministrationResponse {
        AdministrationResponse(status: status, contentType: "application/json; charset=utf-8", body: body)
    }
}
