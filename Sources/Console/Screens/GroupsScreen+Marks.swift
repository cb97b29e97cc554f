internal import CallboardCore
internal import ServiceBus

/// Marking groups, and what actions on them are about: their members, by their numbers.
extension GroupsScreen {
    private var markable: [String] { lines.filter { $0.members != nil }.map(\.id) }

    func markAvailability(of command: CommandID) -> Availability {
        switch command {
        case .clearMarks: marks.isEmpty ? .disabled("nothing is marked") : .enabled
        case .toggleMark where selected?.members == nil: .disabled("which messages these are was not kept")
        case .markRange: anchorLine == nil ? .disabled("mark the first group of the range (space)") : .enabled
        case _ where lines.isEmpty: .disabled("no group is here")
        default: .enabled
        }
    }

    private var anchorLine: Int? { anchor.flatMap { id in lines.firstIndex { $0.id == id } } }

    mutating func mark(_ command: CommandID, _ turn: inout Turn) {
        switch command {
        case .toggleMark:
            guard let id = selected?.id else { return }
            if marks.remove(id) == nil { marks.insert(id) }
            anchor = id
            list.move(.lines(1), count: lines.count, height: height)
            hasChosen = list.selected > 0
            lookAtSample(&turn)
        case .markRange:
            guard let anchorLine else { return }
            let range = min(anchorLine, list.selected)...max(anchorLine, list.selected)
            marks.formUnion(lines[range].filter { $0.members != nil }.map(\.id))
            anchor = selected?.id
        case .markAll: marks.formUnion(markable)
        case .invertMarks: marks.formSymmetricDifference(markable)
        case .clearMarks: marks = []
        default: break
        }
        gatherMembers()
    }

    /// Puts the marked groups and their members together when those change: every frame asks what can be done with them. A filter hides
    /// groups, and takes no mark away.
    mutating func gatherMembers() {
        marked = marks.isEmpty ? [] : foundLines.filter { marks.contains($0.id) }
        markedMembers =
            marked.count > 1
            ? SequenceNumberSet(marked.flatMap { Array($0.members ?? SequenceNumberSet()) })
            : SequenceNumberSet()
    }

    mutating func actionBegan(on path: EntityPath) {
        guard path == self.path else { return }
        marks = []
        gatherMembers()
    }

    /// The marked groups, else the selected one. What is done is done with the messages that were seen in them, and with no others.
    func subjects(_ model: Model) -> [ActionSubject] {
        let chosen = marks.isEmpty ? [selected].compactMap(\.self) : marked
        let picked = chosen.filter { $0.members != nil }
        let messages: ActionSubject.Messages
        switch picked.count {
        case 0: messages = .none(chosen.isEmpty ? "no group is selected" : "which messages these are was not kept")
        case 1: messages = .picked(picked[0].members ?? SequenceNumberSet(), title: "\"\(picked[0].title)\"")
        default:
            messages = .picked(
                markedMembers, title: "\(picked.count) groups, the first \"\(picked[0].title)\"")
        }
        return [ActionSubject(path: path, messages: messages, kind: model.entity(path)?.kind)]
    }
}

extension GroupsScreen.Line {
    /// The messages that were seen in it; nil where they were not kept.
    var members: SequenceNumberSet? {
        switch self {
        case .group(let group): group.members
        case .singles(let numbers): numbers
        case .others: nil
        }
    }

    /// What its messages have in common.
    var title: String {
        switch self {
        case .group(let group): group.title
        case .singles: "messages alone in their group"
        case .others: "in no group"
        }
    }
}
