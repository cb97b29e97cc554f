internal import ServiceBus

/// Settings, changes and pages over the administration interface.
extension LiveGateway {
    package func entityPages() -> any EntityPageSource { LiveEntityPages(gateway: self) }

    package func settings(of target: EntityTarget) async throws(OperatorError) -> EntitySettings {
        let client = try administering()
        do throws(AdministrationError) {
            if case .rule(let name, let subscription) = target {
                return EntitySettings(target, .rule(try await client.rule(name, of: subscription)))
            }
            return EntitySettings(target, .entity(try await client.revision(of: target.path)))
        } catch {
            throw OperatorError(error, doing: "Reading \(target)", entity: target.path)
        }
    }

    package func put(_ settings: EntitySettings, isUpdate: Bool) async throws(OperatorError) -> EntitySettings {
        let client = try administering()
        let target = settings.target
        do throws(AdministrationError) {
            switch settings.content {
            case .entity(let revision):
                if isUpdate {
                    _ = try await client.replace(target.path, with: revision.definition)
                } else {
                    _ = try await client.create(target.path, revision.definition)
                }
                // The answer leaves out counts and some times: what was made is read like everything else.
                return EntitySettings(target, .entity(try await client.revision(of: target.path)))
            case .rule(let revision):
                let rule =
                    isUpdate
                    ? try await client.updateRule(revision.rule, in: target.path)
                    : try await client.createRule(revision.rule, in: target.path)
                return EntitySettings(target, .rule(RuleRevision(rule: rule)))
            }
        } catch {
            throw changeFailed(error, target, isUpdate: isUpdate)
        }
    }

    package func remove(_ target: EntityTarget) async throws(OperatorError) {
        let client = try administering()
        do throws(AdministrationError) {
            if case .rule(let name, let subscription) = target {
                try await client.deleteRule(name, of: subscription)
            } else {
                try await client.delete(target.path)
            }
        } catch {
            throw OperatorError(error, doing: "Removing \(target)", entity: target.path)
        }
    }

    /// What the service means by "conflict" depends on what was asked.
    private func changeFailed(_ error: AdministrationError, _ target: EntityTarget, isUpdate: Bool) -> OperatorError {
        var failure = OperatorError(error, doing: "\(isUpdate ? "Changing" : "Creating") \(target)", entity: target.path)
        if error.code == .conflict {
            failure.hint =
                isUpdate
                ? "Another change of it is under way: wait some seconds, look at it again and repeat the change."
                : "Something of that name exists already: change it with 'callboard update \(target)', or choose another name."
        } else if error.code == .notFound, !isUpdate {
            failure.hint = "Create what it belongs to first: \(target.path.topic?.displayName ?? target.path.displayName)."
        }
        return failure
    }
}

/// A listing as it is read: queues, then topics with the subscriptions of each.
private actor LiveEntityPages: EntityPageSource {
    private enum Place {
        case start
        case queues(EntityPages.Iterator)
        case topics(EntityPages.Iterator)
        case end
    }

    private let gateway: LiveGateway
    private var place = Place.start
    /// Topics that were told of and whose subscriptions are still to be read.
    private var waiting: [EntityDescription] = []
    private var subscriptions: EntityPages.Iterator?

    init(gateway: LiveGateway) { self.gateway = gateway }

    func nextPage() async throws(OperatorError) -> [EntityDescription]? {
        let client = try gateway.administering()
        let isFirst = if case .start = place { true } else { false }
        do throws(AdministrationError) { return try await page(client.inBackground) } catch {
            place = .end
            let told = OperatorError(error, doing: gateway.listing)
            // What was listed in part is not listed again from elsewhere.
            guard isFirst else { throw told }
            let all = try await gateway.instead(of: error, told) { resources throws(OperatorError) in try await resources.all() }
            return all.isEmpty ? nil : all.sorted { $0.path < $1.path }
        }
    }

    private func page(_ client: AdministrationClient) async throws(AdministrationError) -> [EntityDescription]? {
        while true {
            switch place {
            case .start: place = .queues(client.queues().makeAsyncIterator())
            case .queues(var pages):
                if let page = try await pages.next(isolation: self) {
                    place = .queues(pages)
                    return page
                }
                place = .topics(client.topics().makeAsyncIterator())
            case .topics(var pages):
                if let page = try await subscriptionPage(client) { return page }
                guard let page = try await pages.next(isolation: self) else {
                    place = .end
                    continue
                }
                place = .topics(pages)
                waiting = page.reversed().filter { $0.subscriptionCount != 0 }
                return page
            case .end: return nil
            }
        }
    }

    /// A page of subscriptions of the topics told of last; nil when there are no more.
    private func subscriptionPage(_ client: AdministrationClient) async throws(AdministrationError) -> [EntityDescription]? {
        while true {
            if var pages = subscriptions {
                if let page = try await pages.next(isolation: self) {
                    subscriptions = pages
                    return page
                }
                subscriptions = nil
            }
            guard let topic = waiting.popLast() else { return nil }
            subscriptions = client.subscriptions(of: topic.path).makeAsyncIterator()
        }
    }
}
