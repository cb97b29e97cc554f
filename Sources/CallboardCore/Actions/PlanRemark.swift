/// Something an operator should know before a plan is carried out.
public struct PlanRemark: Hashable, Sendable {
    /// How much it matters.
    public enum Weight: String, Hashable, Sendable {
        /// Good to know.
        case note
        /// Think about it.
        case warning
        /// The plan cannot be carried out like this: messages would be lost, or none would arrive.
        case blocker
    }

    /// What it is about. New kinds may be added.
    public enum Kind: String, Hashable, Sendable {
        case duplicateDetection, otherSubscriptions, noSubscription, tooLarge, sessionRequired, partitionKey, cameBack, timeToLive
        case targetDisabled, targetForwards, targetMissing, sourceForwarded, notRemovable, notExported, unreadable, otherOrigin, scheduled,
            passesOver, unfinishedJob
    }

    /// What it is about.
    public var kind: Kind
    /// How much it matters.
    public var weight: Weight
    /// One sentence. It may hold names of the service; sanitise before showing.
    public var text: String
    /// What to do about it; empty where there is nothing.
    public var remedy: String
    /// How many messages it concerns; nil for all.
    public var count: Int?

    init(_ kind: Kind, _ weight: Weight, _ text: String, remedy: String = "", count: Int? = nil) {
        self.kind = kind
        self.weight = weight
        self.text = text
        self.remedy = remedy
        self.count = count
    }

    /// An export is to be sent of which a job left something where it was.
    init(leftPartBy job: JobProgress) {
        let remedy =
            if !job.isOver {
                "Wait for its end first."
            } else if job.isResumable {
                "Go on with it first: callboard jobs resume \(job.id)"
            } else {
                "See first what it left: callboard jobs show \(job.id)"
            }
        self.init(
            .unfinishedJob, .warning,
            "It is the export of job \(job.id), which removed \(job.done) of \(job.total) messages: the others would be sent a second time.",
            remedy: remedy, count: job.total - job.done)
    }
}
