internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What is asked in the line at the bottom, and the list that a condition picks from all messages.
extension MessagesScreen {
    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        if asked == .condition { return take(condition: answer, &turn) }
        guard !answer.isEmpty else { return nil }
        switch asked {
        case .find:
            if detail?.find(answer) != true { turn.say(.warning, "'\(answer)' does not occur in this message.") }
            return nil
        case .path:
            return detail?.go(to: answer) == true ? nil : Question.Problem(text: "there is no value at this path")
        case .topic, .condition: break
        }
        do throws(EntityPathError) {
            turn.navigation = .push(TesterScreen(try .topic(answer), sample: sample))
            return nil
        } catch {
            return Question.Problem(text: error.description)
        }
    }

    var narrowing: String? { listing.search?.filter.text }

    func check(_ answer: String, _ model: Model) -> Question.Problem? { asked == .condition ? ConditionPrompt.problem(answer) : nil }

    func suggestions(head: String, tail: String) -> [CommandLine.Suggestion] {
        ConditionPrompt.suggestions(
            head: head, tail: tail, vocabulary,
            examples: ConditionPrompt.examples(isDead: path.subQueue != .active, vocabulary, now: listing.scan.asOf))
    }

    private mutating func take(condition: String, _ turn: inout Turn) -> Question.Problem? {
        guard condition.contains(where: { !$0.isWhitespace }) else {
            widen(&turn)
            return nil
        }
        switch ConditionPrompt.read(condition) {
        case .failure(let problem): return problem
        case .success(let filter):
            leaveList(&turn)
            if listing.search == nil { kept = listing }
            listing = MessageListing(filter)
            places = self.filter.isEmpty ? nil : []
            startScan(from: nil, &turn)
            list.select(0, count: count, height: listHeight)
            return nil
        }
    }

    mutating func widen(_ turn: inout Turn) {
        guard let kept else { return }
        leaveList(&turn)
        listing = kept
        self.kept = nil
        places = MessagesScreen.places(listing.table, filter)
        list.select(0, count: count, height: listHeight)
    }

    private mutating func leaveList(_ turn: inout Turn) {
        turn.stop(listing.scan.load)
        if listing.scan.load != nil { listing.scan.stop() }
        close(&turn)
    }
}
