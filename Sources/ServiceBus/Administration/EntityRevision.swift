internal import RESTClient

/// A queue, topic or subscription as it was read in order to change it.
public struct EntityRevision: Hashable, Sendable {
    /// What it is, with its counts.
    public var description: EntityDescription
    /// What is sent back to change it: everything the service said, what this version does not know included.
    public var definition: EntityDefinition
    /// The version the service gave with the answer (`ETag`); a subscription's is its topic's.
    public var version: String?

    /// Puts a revision together.
    public init(description: EntityDescription, definition: EntityDefinition, version: String? = nil) {
        self.description = description
        self.definition = definition
        self.version = version
    }
}

/// A rule as it was read in order to change it.
public struct RuleRevision: Hashable, Sendable {
    /// The rule.
    public var rule: RuleDescription
    /// The version the service gave with the answer (`ETag`): the topic's.
    public var version: String?

    /// Puts a revision together.
    public init(rule: RuleDescription, version: String? = nil) {
        self.rule = rule
        self.version = version
    }
}

extension AdministrationClient {
    /// One entity, to be changed: its description, and everything the service said in the form that is sent back.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none.
    public func revision(of path: EntityPath) async throws(AdministrationError) -> EntityRevision {
        let resource = Self.resource(path)
        let (document, response) = try await get(resource)
        guard !document.isFeed, let entry = document.entries.first else {
            throw .notFound(path.entity.displayName, correlationID: response.correlationID)
        }
        do throws(EntityPathError) {
            if let definition = EntityDefinition(entry.content),
                let description = try DescriptionReader.entity(entry, topic: path.topic)
            {
                return EntityRevision(description: description, definition: definition, version: response.headers["ETag"])
            }
        } catch {
            throw .unexpectedAnswer(resource, detail: error.description, response: response)
        }
        throw .unexpectedAnswer(resource, detail: "it is a \(entry.content.name.local)", response: response)
    }

    /// One rule of a subscription.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none.
    public func rule(_ name: String, of subscription: EntityPath) async throws(AdministrationError) -> RuleRevision {
        let resource = try Self.resource(name, of: subscription)
        let (document, response) = try await get(resource)
        guard !document.isFeed, let entry = document.entries.first else {
            throw .notFound("\(subscription.displayName)/\(name)", correlationID: response.correlationID)
        }
        guard let rule = RuleDescription(entry) else {
            throw .unexpectedAnswer(resource, detail: "it is a \(entry.content.name.local)", response: response)
        }
        return RuleRevision(rule: rule, version: response.headers["ETag"])
    }
}
