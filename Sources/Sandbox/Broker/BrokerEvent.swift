/// Something that those who wait for a namespace should know.
public enum BrokerEvent {
    /// Messages, or sessions with messages, may be received here. Reported once an operation, for every queue that gained any.
    case messagesAvailable(MessageQueue)
    /// A session's lock has run out; its receiver has lost it.
    case sessionLockLost(MessageQueue, SessionLease)
    /// The entity and everything in it are gone.
    case entityRemoved(EntityAddress)
    /// Keys of the entity's own were added, changed or taken away.
    case accessRulesChanged(EntityAddress)
    /// The entity was opened or closed.
    case availabilityChanged(EntityAddress, EntityAvailability)
}
