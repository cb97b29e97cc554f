internal import RESTClient

extension AzureService {
    /// Waits until what an answer with status 202 began has ended: its `Location` (or `Azure-AsyncOperation`) is asked again and again, as slowly as
    /// the service wishes.
    /// - Returns: the last answer.
    func finish(_ answer: RESTResponse, operation: String) async throws(AzureError) -> RESTResponse {
        var answer = answer
        guard answer.status == 202 else { return answer }
        let status = answer.headers["Azure-AsyncOperation"]
        guard let link = status ?? answer.headers["Location"] else { return answer }
        guard isOwn(link) else {
            throw AzureError(
                .untrustedLink, operation: operation, message: "the service's link to the operation's result leads to another host.",
                hint: "It was not followed; whether the operation ended is not known.")
        }
        var waited = Duration.zero
        while true {
            try await wait(answer.retryAfter, waited: &waited, operation: operation)
            answer = try await send(.get, link, operation: operation)
            if status != nil {
                let state = try decode(OperationState.self, answer, operation: operation)
                if state.status == .succeeded { return answer }
                if state.status.isFinal { throw failed(operation, state) }
            } else if answer.status != 202 {
                return answer
            }
        }
    }

    /// Sleeps before the next look: as long as the service asks, 5 seconds when it does not, never more than a minute at once.
    func wait(_ asked: Duration?, waited: inout Duration, operation: String) async throws(AzureError) {
        let delay = min(max(asked ?? .seconds(5), .seconds(1)), .seconds(60))
        guard waited + delay <= Self.longestOperation else {
            throw AzureError(
                .operationFailed, operation: operation,
                message: "it has not ended after \(waited.components.seconds) seconds of waiting.", hint: "It may go on: look again later.")
        }
        do {
            try await clock.sleep(for: delay)
        } catch {
            throw AzureError(
                .cancelled, operation: operation, message: "waiting for its end was cancelled.", hint: "The operation itself goes on.")
        }
        waited += delay
    }

    private func failed(_ operation: String, _ state: OperationState) -> AzureError {
        var error = AzureError(
            .operationFailed, operation: operation,
            message: state.message.map { String($0.prefix(AzureError.longestMessage)) } ?? "it ended as \(state.status)")
        error.serviceCode = state.code
        return error
    }
}

/// What `Azure-AsyncOperation` answers with.
private struct OperationState: Decodable {
    let status: ProvisioningState
    let code: String?
    let message: String?

    init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        status = try fields.required("status")
        let error = try fields.optionalObject("error")
        code = try error?.optionalText("code")
        message = try error?.optionalText("message")
    }
}
