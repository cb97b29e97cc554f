internal import CallboardCore
internal import ServiceBus

/// What can be done with all of an entity's queues, from the tree and from its page.
enum QueueSubjects {
    /// Its queues, the one that most likely is meant first.
    /// - Parameter meant: the queue that is selected; nil: where something went wrong.
    static func of(_ path: EntityPath, _ kind: EntityDescription.Kind?, meant: EntityPath.SubQueue? = nil, _ model: Model)
        -> [ActionSubject]
    {
        if kind == .topic { return [ActionSubject(path: path.entity, messages: .all, kind: .topic)] }
        let first = meant ?? GroupsScreen.queue(of: path, model).subQueue
        let others = [EntityPath.SubQueue.deadLetter, .active, .transferDeadLetter].filter { queue in
            queue != first && (queue != .transferDeadLetter || (model.entity(path)?.counts?.transferDeadLetter ?? 0) > 0)
        }
        return ([first] + others).map { ActionSubject(path: path.subQueue($0), messages: .all, kind: kind) }
    }
}

extension TreeScreen {
    func subjects(_ model: Model) -> [ActionSubject] {
        guard let node = selected else { return [] }
        return QueueSubjects.of(node.path, node.kind, model)
    }
}

extension EntityScreen {
    func subjects(_ model: Model) -> [ActionSubject] {
        switch selected {
        case .subscription(let path): QueueSubjects.of(path, .subscription, model)
        case .queue(let queue): QueueSubjects.of(path, description(model)?.kind, meant: queue, model)
        default: QueueSubjects.of(path, description(model)?.kind, model)
        }
    }
}
