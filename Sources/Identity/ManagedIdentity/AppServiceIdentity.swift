internal import RESTClient

/// The identity endpoint of App Service, Functions and Container Apps.
struct AppServiceIdentity: IdentityService {
    let endpoint: String
    let header: Secret
    let http: RESTClient

    func answer(for scope: TokenScope, _ selection: ManagedIdentityCredential.Selection) async throws(IdentityError) -> RESTResponse {
        let query =
            "?api-version=2019-08-01&resource=\(PercentEncoding.encode(scope.resource))\(selection.query(resourceIDName: "mi_res_id"))"
        let headers = try self.header.withRevealedText { (text) throws(IdentityError) -> HeaderFields in
            guard HeaderText.isToken(text) else { throw IdentityError(.misconfigured, "IDENTITY_HEADER is not a header's value.") }
            return ["X-IDENTITY-HEADER": text]
        }
        let response = try await self.http.identityAnswer(RESTRequest(.get, self.endpoint + query, headers: headers))
        guard response.isSuccess else {
            throw IdentityError(
                response.status == 400 || response.status == 404 ? .notConfigured : .unavailable,
                "The identity endpoint of the app gave no token: \(response.identityProblem)", hint: "Check that the app has this identity."
            )
        }
        return response
    }
}
