/// Something that can be allowed or denied, by the name a policy file calls it.
///
/// This room holds what decides whether something may be done: the policy file (``Policy``, read by ``PolicyFile``), a question to it
/// (``PolicyQuestion``) and its ``Verdict``; ``Guardrails``, which answer for one context, also where there is no file; and what explains,
/// tests and criticises a policy. The guardrails run here, on this machine: they stop mistakes, not somebody who has the same rights in Azure and
/// another client.
public enum PolicyAction: String, Hashable, Sendable, CaseIterable {
    /// Reading the catalogue.
    case readCatalogue = "catalog.read"
    /// Reading entities: names, counts, settings, rules, sessions.
    case readEntity = "entity.read"
    /// Creating a queue, topic or subscription.
    case createEntity = "entity.create"
    /// Changing the settings of an entity.
    case updateEntity = "entity.update"
    /// Removing an entity with everything in it.
    case deleteEntity = "entity.delete"
    /// Adding, changing and removing rules of a subscription.
    case changeRule = "rule.change"
    /// Looking at messages without taking them, masked where masking is on.
    case peekMessage = "message.peek"
    /// Looking at what masking hides.
    case revealMessage = "message.reveal"
    /// Writing messages to a file.
    case exportMessage = "message.export"
    /// Sending a message, also editing one and sending it again.
    case sendMessage = "message.send"
    /// Sending dead letters again, to where they came from or elsewhere.
    case redriveMessage = "message.redrive"
    /// Moving messages to another entity.
    case moveMessage = "message.move"
    /// Removing exactly these messages.
    case deleteMessage = "message.delete"
    /// Removing all messages up to a time.
    case purgeMessage = "message.purge"
    /// Setting messages aside.
    case deferMessage = "message.defer"
    /// Dead-lettering on purpose.
    case deadLetterMessage = "message.dead-letter"
    /// Taking messages that were set aside.
    case receiveDeferredMessage = "message.receive-deferred"
    /// Taking scheduled messages back.
    case cancelScheduledMessage = "message.cancel-scheduled"
    /// Sending what a file holds.
    case importMessage = "message.import"
    /// Changing the content of a message before it is sent again.
    case editMessage = "message.edit"
    /// Setting or clearing the state of a session.
    case setSessionState = "session.set-state"
    /// Removing the messages of a session.
    case clearSession = "session.clear"
    /// Asking for a role for a while.
    case requestAccess = "access.request"
    /// Deciding on somebody's request.
    case approveAccess = "access.approve"
    /// Giving a role.
    case grantAccess = "access.grant"
    /// Taking a role away.
    case revokeAccess = "access.revoke"
    /// Writing down what came of an emergency.
    case reviewAccess = "access.review"
    /// Handing out a short-lived token.
    case issueToken = "token.issue"
    /// Signing a short-lived token with a shared key, which has no name in any log of Azure's.
    case signToken = "token.sign"
    /// Making a key new.
    case rotateSecret = "secret.rotate"
    /// Having a namespace refuse all keys.
    case refuseSecrets = "secret.refuse"
    /// Checking the audit ledger.
    case verifyAudit = "audit.verify"

    /// Whether the world is another one afterwards.
    public var changesWorld: Bool {
        switch self {
        case .readCatalogue, .readEntity, .peekMessage, .revealMessage, .exportMessage, .verifyAudit, .reviewAccess: false
        default: true
        }
    }

    /// Whether it shows what is otherwise hidden.
    public var reveals: Bool { self == .revealMessage }

    /// Whether what it destroys cannot be had back, so that it takes a typed confirmation. Redriving and moving are so when they take everything
    /// there is: ``PolicyQuestion/coversAll``.
    public var isDangerous: Bool {
        switch self {
        case .deleteEntity, .purgeMessage, .deleteMessage, .clearSession, .grantAccess, .rotateSecret, .refuseSecrets: true
        default: false
        }
    }

    /// Whether it is about a role, which rules may name.
    var hasRole: Bool {
        switch self {
        case .requestAccess, .approveAccess, .grantAccess, .issueToken, .signToken: true
        default: false
        }
    }

    /// Whether it is about messages, which rules may limit in number and rate.
    var isAboutMessages: Bool { rawValue.hasPrefix("message.") || self == .clearSession }

    /// Whether it makes or changes what a golden environment can rehearse.
    var isProvisioning: Bool {
        switch self {
        case .createEntity, .updateEntity, .deleteEntity, .changeRule: true
        default: false
        }
    }
}

/// A role on an entity, as policies name it.
public enum PolicyRole: String, Hashable, Sendable, CaseIterable {
    /// Azure Service Bus Data Sender.
    case sender
    /// Azure Service Bus Data Receiver.
    case receiver
    /// Azure Service Bus Data Owner.
    case owner
}
