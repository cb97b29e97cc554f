internal import NIOCore
internal import RESTClient

/// Makes errors of answers: the envelope `{error: {name, message, stack}}` without its stack, and what to do about it.
struct RefusalReader {
    let address: BackstageAddress
    let authorization: BackstageAuthorization
    /// What was to be done, as in "cannot list entities".
    let what: String

    /// The error of an answer that is no success.
    func refusal(_ response: RESTResponse) -> BackstageError {
        // An envelope is short; what is longer is a page.
        let body = response.body.readableBytesView.prefix(64 * 1024)
        let envelope = (try? JSONReader.read(Array(body)))?["error"]
        let name = envelope?["name"]?.text.map { String($0.prefix(80)) }
        let detail = envelope?["message"]?.text.map { String($0.prefix(500)) }
        let (code, hint) = meaning(response, detail, isEnveloped: envelope != nil)
        let words = [name, detail].compactMap(\.self).joined(separator: ": ")
        var error = BackstageError(
            code, "Cannot \(what) at \(address): \(response.status)\(words.isEmpty ? "" : " \(words)")\(ending(response))", hint: hint)
        error.name = name
        error.detail = detail
        return completed(error, response)
    }

    /// The error of a success that is not what the API gives.
    func unreadable(_ response: RESTResponse, _ reason: String) -> BackstageError {
        completed(
            BackstageError(
                .unreadable, "Cannot \(what) at \(address): the answer cannot be read, \(reason)\(ending(response))",
                hint: "Is it a Backstage backend of version 1.12 or newer, and nothing in between that changes answers?"), response)
    }

    /// The error of a success that is no JSON.
    func notJSON(_ response: RESTResponse, _ fault: JSONReader.Fault) -> BackstageError {
        let isPage = response.body.readableBytesView.first { $0 > 0x20 } == UInt8(ascii: "<")
        guard isPage else { return unreadable(response, "\(fault.message) (byte \(fault.offset))") }
        return completed(
            BackstageError(
                .notBackstage, "Cannot \(what) at \(address): the answer is a page, not data\(ending(response))",
                hint:
                    "Name the backend's address (backend.baseUrl of its configuration), not the page's; a sign-in before it must let API calls through."
            ), response)
    }

    private func meaning(_ response: RESTResponse, _ detail: String?, isEnveloped: Bool) -> (BackstageError.Code, hint: String) {
        switch response.status {
        case 300..<400:
            (
                .notBackstage,
                "It sends us elsewhere, as a sign-in page before the backend does: name the backend's own address, or let API calls through."
            )
        case 401:
            (
                .unauthenticated,
                isEnveloped ? authorization.way.help(unauthenticated: detail) : "Something before the backend wants credentials of its own."
            )
        case 403:
            (.notAllowed, isEnveloped ? authorization.way.help(notAllowed: detail) : "Something before the backend refuses it.")
        case 404:
            (.notFound, isEnveloped ? "" : "Is the address the backend's, with its path, and the backend of version 1.12 or newer?")
        case 429: (.throttled, "The backend has had enough for now: try again later.")
        case 502...504: (.failed, "The backend is starting, or down: try again later.")
        case 500...: (.failed, "The backend's log says why.")
        case 400 where detail?.contains("cursor") == true: (.refused, "The backend was changed while the list was read: try again.")
        default: (.refused, "")
        }
    }

    private func ending(_ response: RESTResponse) -> String {
        let ids = [
            response.correlationID.isEmpty ? nil : "request \(response.correlationID)", requestID(response).map { "their request \($0)" },
        ]
        let text = ids.compactMap(\.self).joined(separator: ", ")
        return text.isEmpty ? "." : " (\(text))."
    }

    private func requestID(_ response: RESTResponse) -> String? { response.headers["x-request-id"].map { String($0.prefix(80)) } }

    private func completed(_ error: BackstageError, _ response: RESTResponse) -> BackstageError {
        var error = error
        error.status = response.status
        error.correlationID = response.correlationID.isEmpty ? nil : response.correlationID
        error.requestID = requestID(response)
        return error
    }
}
