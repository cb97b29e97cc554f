/// Why a request is not carried out: a status and a text, in the service's own words where a recording or its documentation has them.
struct AdministrationFault: Error, Hashable, Sendable {
    /// Who speaks: what the text ends in depends on it.
    enum Speaker: Hashable, Sendable {
        /// The gateway, of the resource that was asked for.
        case gateway
        /// The gateway, of an entity such as `Topic:orders`.
        case entity(String)
        /// What holds topics, which names no resource.
        case broker
        /// The text is complete.
        case nobody
    }

    /// The status of the answer.
    var status: Int
    /// The text, without tracking id and time.
    var text: String
    /// Who says it.
    var speaker = Speaker.gateway
    /// The version of the topic concerned, in milliseconds since 1970.
    var version: Int64?

    static let seeAlso = "To know more visit https://aka.ms/sbResourceMgrExceptions. "

    // MARK: Missing and existing

    /// Deleting what is not there.
    static let noService = AdministrationFault(status: 404, text: "No service is hosted at the specified address.")
    /// Updating what is not there.
    static let noOperation = AdministrationFault(status: 404, text: "SubCode=40400. Not Found. The Operation doesn't exist. \(seeAlso).")
    /// A subscription of a topic that is not there, and a request without a body.
    static let noPolicyRequest = AdministrationFault(
        status: 404, text: "The incoming request is not recognized as a namespace policy put request. \(seeAlso.dropLast())")
    /// Making what is there, or something else of the same name.
    static func conflict(version: Int64) -> AdministrationFault {
        AdministrationFault(
            status: 409,
            text: "SubCode=40900. Conflict. You're requesting an operation that isn't allowed in the resource's current state. \(seeAlso).",
            version: version)
    }
    /// Making a subscription or rule that is there; the name is like `namespace:Topic:topic|subscription`.
    static func exists(_ name: String, version: Int64) -> AdministrationFault {
        AdministrationFault(
            status: 409, text: "The messaging entity '\(name)' already exists. \(seeAlso)", speaker: .broker, version: version)
    }
    /// A subscription or rule that is not there.
    static func notFound(_ name: String, version: Int64?) -> AdministrationFault {
        AdministrationFault(status: 404, text: "Entity '\(name)' was not found. \(seeAlso)", speaker: .broker, version: version)
    }

    // MARK: Descriptions

    /// A text that is no description.
    static func unreadable(_ reason: String) -> AdministrationFault {
        AdministrationFault(status: 400, text: "SubCode=40000. \(reason)")
    }
    /// A value that cannot be read.
    static func invalid(_ element: String, _ value: String) -> AdministrationFault {
        unreadable("The value '\(value.prefix(100))' of the property '\(element)' is not valid.")
    }
    /// What the broker refuses.
    init(_ error: BrokerError) {
        self.init(status: Int(error.status), text: error.description, speaker: .nobody)
    }

    init(status: Int, text: String, speaker: Speaker = .gateway, version: Int64? = nil) {
        self.status = status
        self.text = text
        self.speaker = speaker
        self.version = version
    }
}
