internal import CallboardCore
internal import ServiceBus

/// Marking messages, and what actions on them are about.
extension MessagesScreen {
    /// The numbers of the rows on screen or scrolled away: all that fit the filter.
    private var shown: some Sequence<SequenceNumber> {
        (0..<count).lazy.compactMap { line in places.map { table.sequenceNumber(at: $0[line]) } ?? table.sequenceNumber(at: line) }
    }

    func markAvailability(of command: CommandID) -> Availability {
        switch command {
        case .clearMarks: marks.isEmpty ? .disabled("nothing is marked") : .enabled
        case _ where count == 0: .disabled("no message is here")
        case .markRange: anchorLine == nil ? .disabled("mark the first message of the range (space)") : .enabled
        default: .enabled
        }
    }

    /// The line of the message that was marked last, where it is shown.
    private var anchorLine: Int? {
        guard let anchor = marks.anchor, let index = table.index(of: anchor) else { return nil }
        guard let places else { return index }
        return places.firstIndex(of: index)
    }

    mutating func mark(_ command: CommandID, _ turn: inout Turn) {
        switch command {
        case .toggleMark:
            guard let number = row(at: list.selected)?.sequenceNumber else { return }
            marks.toggle(number)
            list.move(.lines(1), count: count, height: listHeight)
            if detail != nil { read(&turn, focus: false) }
        case .markRange:
            guard let anchorLine else { return }
            let lines = min(anchorLine, list.selected)...max(anchorLine, list.selected)
            marks.mark(lines.compactMap { row(at: $0)?.sequenceNumber }, upTo: row(at: list.selected)?.sequenceNumber)
        case .markAll: marks.mark(shown)
        case .invertMarks: marks.invert(shown)
        case .clearMarks: marks.clear()
        default: break
        }
    }

    mutating func actionBegan(on path: EntityPath) { if path == self.path { marks.clear() } }

    /// On the page of a message it is that one; in the list, those that are marked.
    func subjects(_ model: Model) -> [ActionSubject] {
        let messages: ActionSubject.Messages =
            if isReading, let number = detail?.sequenceNumber {
                .picked(SequenceNumberSet([number]), title: "#\(number)")
            } else if marks.isEmpty {
                .none("nothing is marked: space marks, * marks all shown")
            } else {
                .picked(marks.numbers, title: only.map { "\(Figures.count(marks.count)) marked of \"\($0.title)\"" } ?? "marked one by one")
            }
        return [ActionSubject(path: path, messages: messages, kind: model.entity(path)?.kind)]
    }
}
