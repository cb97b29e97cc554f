internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// How screens come and go.
extension App {
    mutating func push(_ screen: any Screen, now: Timestamp) -> [Effect] {
        turn(now) { _, turn in turn.navigation = .push(screen) }
    }

    mutating func back(now: Timestamp) -> [Effect] {
        let isOwn = (top as? MessagesScreen)?.hasOpenMessage == true || top.isEdited
        if isOwn { return turn(now) { app, turn in app.top.perform(.back, &turn) } }
        return turn(now) { _, turn in turn.navigation = .pop(1) }
    }

    mutating func navigate(_ navigation: Turn.Navigation, _ turn: inout Turn) {
        place += 1
        switch navigation {
        case .push(var screen):
            screen.settle(rows: frame.content.rows, columns: frame.content.columns, model: turn.model)
            screen.appear(&turn)
            screens.append(screen)
        case .replace(let count, var screen):
            for _ in 0..<min(count, screens.count - 1) {
                top.disappear(&turn)
                screens.removeLast()
            }
            screen.settle(rows: frame.content.rows, columns: frame.content.columns, model: turn.model)
            screen.appear(&turn)
            screens.append(screen)
        case .pop(let count):
            guard screens.count > 1 else { return }
            for _ in 0..<min(count, screens.count - 1) {
                top.disappear(&turn)
                screens.removeLast()
            }
            top.modelChanged(turn.model)
            top.appear(&turn)
        case .home:
            while screens.count > 1 {
                top.disappear(&turn)
                screens.removeLast()
            }
            top.modelChanged(turn.model)
            top.appear(&turn)
        }
    }

    /// A screen that is done while another lies on it goes from beneath: whoever reads that one is not interrupted.
    mutating func leave(coveredAt index: Int, _ turn: inout Turn) {
        guard index < screens.count - 1, case .pop(let count)? = turn.navigation else { return }
        turn.navigation = nil
        remove(count, endingAt: index, &turn)
    }

    /// A form whose request was asked, while another screen lies on it, goes from beneath and cannot be sent again; where it came from stays.
    mutating func leave(askedAt index: Int, _ turn: inout Turn) {
        guard index < screens.count - 1, case .replace? = turn.navigation else { return }
        turn.navigation = nil
        remove(1, endingAt: index, &turn)
    }

    /// A plan whose job has begun is done with, and nobody is to agree to it again. The list of jobs takes its place, if it is on top.
    mutating func leave(planAt index: Int, begun job: Int, _ turn: inout Turn) {
        guard let plan = screens[index] as? PlanScreen else { return }
        if index == screens.count - 1 {
            turn.navigation = .replace(plan.leaving, JobsScreen(selecting: job))
        } else {
            remove(plan.leaving, endingAt: index, &turn)
        }
    }

    private mutating func remove(_ count: Int, endingAt index: Int, _ turn: inout Turn) {
        for covered in stride(from: index, to: max(index - count, 0), by: -1) {
            screens[covered].disappear(&turn)
            screens.remove(at: covered)
        }
    }
}
