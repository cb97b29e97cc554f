import AMQP
import ServiceBus

/// Quotas, and errors in the service's form.
extension Broker {
    func quotaRefusal(adding bytes: Int, to entity: QueueEntity) -> BrokerError? {
        let (quota, overflow) = entity.settings.maximumSizeInMegabytes.multipliedReportingOverflow(by: 1 << 20)
        if bytes <= 0 { return nil }
        if !overflow, entity.sizeInBytes >= quota - bytes {
            return error(.quotaExceeded, quotaText(entity.systemName, entity.sizeInBytes + bytes, quota), entity.systemName)
        }
        let total = sizeInBytes + transactionBytes
        if total >= limits.maximumNamespaceBytes - bytes {
            let text = quotaText("Namespace:\(namespace)", total + bytes, limits.maximumNamespaceBytes)
            return error(.quotaExceeded, text, entity.systemName)
        }
        return nil
    }

    private func quotaText(_ name: String, _ size: Int, _ quota: Int) -> String {
        "The maximum entity size has been reached or exceeded for \(qualified(name)). "
            + "Size of entity in bytes:\(size), Max entity size in bytes: \(quota). "
            + "For more information please see https://aka.ms/ServiceBusExceptions . QuotaType: EntitySize"
    }

    /// `Queue: 'namespace:Queue:orders'`, as quota texts name an entity.
    private func qualified(_ systemName: String) -> String {
        let kind = systemName.prefix { $0 != ":" }
        return "\(kind): '\(namespace):\(systemName)'"
    }

    func tooMany(_ what: String, _ limit: Int) -> BrokerError {
        error(.quotaExceeded, "The maximum number of \(what) (\(limit)) has been reached in namespace '\(namespace)'.", "gateway7")
    }

    func exists(_ name: String) -> BrokerError {
        error(.entityExists, "The messaging entity '\(namespace):\(name)' already exists.", "gateway7")
    }

    func notFound(_ path: String) -> BrokerError {
        error(
            .entityNotFound,
            "The messaging entity 'sb://\(namespace)/\(path)' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions. ",
            "\(namespace):\(path)", isQualified: true)
    }

    func disabled(_ path: String) -> BrokerError {
        error(
            .entityDisabled,
            "Messaging entity 'sb://\(namespace)/\(path)' is currently disabled. "
                + "For more information please see https://aka.ms/ServiceBusExceptions . ", "gateway7", isQualified: true)
    }

    func deleted(_ path: String) -> BrokerError {
        error(
            .entityNotFound, "The messaging entity '\(namespace):\(systemName(path))' could not be found or was deleted.",
            systemName(path))
    }

    func sessionLockLost(_ path: String) -> BrokerError { error(.sessionLockLost, BrokerText.sessionLockLost, systemName(path)) }

    func unreadable(_ what: String, _ cause: CodecError, _ path: String) -> BrokerError {
        error(.invalidArgument, "\(what) cannot be read: \(cause.description).", systemName(path))
    }

    /// What the service says when it has too much to do.
    func busy(_ refusal: FaultSwitches.Refusal, _ path: String) -> BrokerError {
        switch refusal {
        case .busy: error(.serverBusy, BrokerText.busy, systemName(path))
        case .throttled: error(.serverBusy, BrokerText.throttled(namespace), systemName(path))
        }
    }

    func noActiveTransaction(_ id: TransactionID?, _ path: String) -> BrokerError {
        let name = id?.description ?? "unreadable"
        return error(.transactionUnknown, BrokerText.noActiveTransaction(name, limits.transactionTimeout), systemName(path))
    }

    private func systemName(_ path: String) -> String { entity(path)?.systemName ?? "Queue:\(path)" }

    /// An error in the service's form: text, tracking id, tracker, time.
    func error(_ reason: BrokerError.Reason, _ text: String, _ systemName: String, isQualified: Bool = false) -> BrokerError {
        BrokerError(reason, tracked(text, by: isQualified ? systemName : "\(namespace):\(systemName)"))
    }

    /// A text with the tail the service puts on every one: `TrackingId:…, SystemTracker:…, Timestamp:…`.
    /// - Parameter tracker: who speaks: an entity, or the gateway.
    func tracked(_ text: String, by tracker: String) -> String {
        let separator = text.hasSuffix(" ") ? "" : " "
        let trackingID = random.uuid().description.filter { $0 != "-" }
        let time = AtomValues.seconds(Timestamp(milliseconds: now))
        return "\(text)\(separator)TrackingId:\(trackingID)_G7_B1, SystemTracker:\(tracker), Timestamp:\(time)"
    }
}
