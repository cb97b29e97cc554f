/// Why Azure Resource Manager does not do what it is asked: its error envelope.
struct ResourceManagerError: Error, Hashable, Sendable {
    var status: Int
    var code: String
    var message: String
    var headers: [[String]] = []

    var response: CloudResponse {
        CloudResponse(
            status, ["error": ["code": .string(code), "message": .string(message)]],
            headers: headers.compactMap { $0.count == 2 ? (name: $0[0], value: $0[1]) : nil })
    }

    init(_ status: Int, _ code: String, _ message: String, headers: [[String]] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// What Service Bus itself says.
    init(_ fault: AdministrationFault) {
        let code =
            switch fault.status {
            case 404: "NotFound"
            case 409: "Conflict"
            case 429: "TooManyRequests"
            case 401: "Unauthorized"
            default: fault.status >= 500 ? "InternalServerError" : "BadRequest"
            }
        self.init(fault.status, code, fault.text)
    }

    static func notFound(_ what: String) -> ResourceManagerError {
        ResourceManagerError(404, "ResourceNotFound", "The Resource '\(what.prefix(400))' was not found.")
    }
    static let noOperation = ResourceManagerError(405, "MethodNotAllowed", "The requested resource does not support this http method.")
    static func badRequest(_ message: String) -> ResourceManagerError { ResourceManagerError(400, "BadRequest", message) }
    static func invalidContent(_ message: String) -> ResourceManagerError { ResourceManagerError(400, "InvalidRequestContent", message) }
}
