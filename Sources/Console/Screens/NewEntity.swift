internal import CallboardCore
internal import ServiceBus

/// What can be created where a person is in the tree: queues and topics anywhere, subscriptions and rules below what is selected.
struct NewEntity {
    /// The topic that is selected, or whose subscription is.
    var topic: EntityPath?
    /// The subscription that is selected.
    var subscription: EntityPath?

    /// What is to be created?
    var question: Question {
        var choices = [Question.Choice(text: "queue"), Question.Choice(text: "topic")]
        if let topic { choices.append(.init(text: "subscription of \(topic.displayName)")) }
        if let subscription { choices.append(.init(text: "rule of \(subscription.displayName)")) }
        return Question(label: "new", help: "What is to be created? Nothing is sent before you have seen it.", choices: choices)
    }

    /// The form for an answer.
    func form(for answer: String) -> Result<FormScreen, Question.Problem> {
        let word = answer.split(separator: " ").first.map(String.init) ?? ""
        switch EntityTarget.Kind(rawValue: word) {
        case .queue: return .success(FormScreen(.create(.queue, parent: nil)))
        case .topic: return .success(FormScreen(.create(.topic, parent: nil)))
        case .subscription:
            guard let topic else { return .failure(Question.Problem(text: "select the topic first that it is to belong to")) }
            return .success(FormScreen(.create(.subscription, parent: topic)))
        case .rule:
            guard let subscription else {
                return .failure(Question.Problem(text: "select the subscription first that it is to belong to"))
            }
            return .success(FormScreen(.create(.rule, parent: subscription)))
        case nil: return .failure(Question.Problem(text: "a queue, a topic, a subscription or a rule"))
        }
    }
}
