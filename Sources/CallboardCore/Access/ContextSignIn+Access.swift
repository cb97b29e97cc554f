internal import AzureResources
internal import Identity
internal import RESTClient

/// Who has access to a context's namespace, and what the catalogue says of who should.
public struct AccessSurvey: Sendable {
    /// What Azure said.
    public let picture: AccessPicture
    /// What the catalogue says.
    public let estate: Estate

    package init(picture: AccessPicture, estate: Estate) {
        self.picture = picture
        self.estate = estate
    }
}

extension ContextSignIn {
    /// The namespace's host at Azure, whichever way it is reached.
    /// - Throws: ``OperatorError`` of kind usage when the context names none.
    var serviceHost: String {
        get throws(OperatorError) {
            guard let host = context.serviceHost ?? context.endpoint else {
                throw OperatorError(.usage, "The context '\(context.name)' names no namespace.", hint: "Give it a 'namespace'.")
            }
            return host
        }
    }

    /// Azure as whoever signed in sees it: where everything begins that has to find the namespace there.
    var azure: AccessReader {
        AccessReader(
            manager: ResourceManagerClient(cloud: settings.cloud, tokens: chain, client: http),
            graph: GraphClient(cloud: settings.cloud, tokens: chain, client: http))
    }

    /// Reads the context's catalogue, and asks Azure who has access to its namespace.
    /// - Parameter progress: called with each part that has been read, or cannot be.
    /// - Throws: ``OperatorError`` when nobody is signed in or Azure cannot be reached. What is not permitted is part of the picture.
    public func accessSurvey(
        progress: @escaping @Sendable (AccessPart) -> Void = { _ in }
    ) async throws(OperatorError) -> AccessSurvey {
        let host = try serviceHost
        let estate = try await estate(host: host)
        progress(.catalogue)
        let people = estate.access.flatMap(\.principals).map(GUID.init).filter(\.isWellFormed)
        let picture = try await azure.read(host: host, subscriptions: context.subscriptions, people: people, progress: progress)
        return AccessSurvey(picture: picture, estate: estate)
    }
}

extension OperatorError {
    /// What a failure of Azure Resource Manager or Microsoft Graph means to an operator.
    init(_ error: AzureError) {
        if let identity = error.identity {
            self.init(identity)
            return
        }
        let code: Code =
            switch error.code {
            case .notSignedIn, .forbidden: .notPermitted
            case .notFound: .notFound
            case .conflict: .conflict
            case .throttled: .throttled
            case .refused, .serviceFailed, .operationFailed: .service
            case .unreachable: .unreachable
            case .unexpectedAnswer, .untrustedLink: .protocolMismatch
            case .cancelled: .cancelled
            }
        self.init(
            code, "\(error.operation) failed: \(error.message)", hint: error.hint, serviceCode: error.serviceCode,
            trackingID: error.requestID,
            neededRight: error.missingRight.map { "\($0.action) at \($0.scope)" })
        correlationIDs = error.correlationID.map { [$0] } ?? []
        switch error.code {
        case .unreachable, .serviceFailed, .operationFailed, .unexpectedAnswer, .cancelled: isOutcomeUnknown = true
        case .notSignedIn, .forbidden, .notFound, .conflict, .throttled, .refused, .untrustedLink: break
        }
    }
}
