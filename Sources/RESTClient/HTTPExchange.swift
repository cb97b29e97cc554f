internal import NIOCore

/// One attempt at one request: what ``RESTClient`` stands on, and what a test replaces to play a service's part.
package protocol HTTPExchange: Sendable {
    /// Sends `request` and reads the whole answer.
    /// - Throws: ``RESTError`` when there is no answer.
    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse

    /// Closes idle connections and refuses further requests.
    func shutdown() async
}
