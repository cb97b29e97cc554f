/// The token endpoints of hosts in Azure: a virtual machine's (IMDS, 2018-02-01) and App Service's (2019-08-01).
extension SandboxCloud {
    func answerManagedIdentity(_ request: CloudRequest, _ words: [String]) -> CloudResponse {
        let isAppService: Bool
        switch words {
        case ["metadata", "identity", "oauth2", "token"]: isAppService = false
        case ["msi", "token"]: isAppService = true
        default: return .nothing
        }
        guard request.method == "GET" else { return refusal(405, "invalid_request", "The method is not allowed.") }
        if isAppService {
            guard request.headers["x-identity-header"] == secrets.identityHeader else {
                return CloudResponse(401, ["statusCode": 401, "message": "The X-IDENTITY-HEADER is missing or wrong."])
            }
        } else {
            // Requests that were passed on by somebody else are refused: a server must not be tricked into asking.
            guard request.headers["metadata"]?.lowercased() == "true", request.headers["x-forwarded-for"] == nil else {
                return refusal(400, "invalid_request", "Required metadata header not specified")
            }
        }
        if switches.take(\.identityGone) {
            return CloudResponse(410, ["error": "gone", "error_description": "The identity service is being updated."])
        }
        guard let name = request.parameter("resource") else {
            return refusal(400, "invalid_request", "Required query variable 'resource' is missing")
        }
        guard let resource = TokenResource(name) else {
            return refusal(
                400, "invalid_resource",
                "AADSTS500011: The resource principal named \(name.prefix(200)) was not found in the tenant named Contoso.")
        }
        let identity = directory.managedIdentity(
            clientID: request.parameter("client_id"), objectID: request.parameter("object_id") ?? request.parameter("principal_id"),
            resourceID: request.parameter("msi_res_id") ?? request.parameter("mi_res_id"), usual: CloudSeed.identity(of: "checkout"))
        guard let identity, case .managedIdentity(let clientID, let resourceID) = identity.kind else {
            return refusal(400, "invalid_request", "Identity not found")
        }
        // The platform's tokens live long, and it keeps them: a switch shortens them all the same.
        let seconds = Int64(switches.tokenSeconds == CloudSwitches().tokenSeconds ? 86_399 : switches.tokenSeconds)
        let capable = request.parameter("xms_cc")?.lowercased().contains("cp1") ?? false
        let token = try? accessToken(
            of: identity,
            TokenWishes(
                clientID: clientID, resource: resource, proof: .managedIdentity(resourceID: resourceID), isContinuousAccessCapable: capable),
            seconds: seconds)
        guard let token else { return refusal(500, "server_error", "There was an error issuing a token.") }
        let issued = hub.now / 1000
        let answer: CloudJSON = [
            "access_token": .string(token), "expires_on": "\(issued + seconds)", "resource": .string(name), "token_type": "Bearer",
            "client_id": .string(isAppService ? clientID.uppercased() : clientID),
        ]
        guard !isAppService else { return CloudResponse(200, answer) }
        return CloudResponse(
            200,
            answer.setting("expires_in", "\(seconds)").setting("ext_expires_in", "\(seconds)").setting("not_before", "\(issued)"))
    }

    private func refusal(_ status: Int, _ error: String, _ description: String) -> CloudResponse {
        CloudResponse(status, ["error": .string(error), "error_description": .string(description)])
    }
}
