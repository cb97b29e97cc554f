internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What is typed in the line at the bottom: a filter, a command, an answer to a screen's question.
extension App {
    /// The longest history of the `:` line.
    private static let longestHistory = 100

    mutating func edit(_ id: CommandID, now: Timestamp) -> [Effect] {
        guard prompt != nil else { return [] }
        switch id {
        case .accept: return accept(now: now)
        case .cancel:
            if case .filter(let previous)? = prompt?.kind, prompt?.place == place { top.apply(filter: previous, model: model) }
            prompt = nil
            return []
        case .complete:
            prompt?.complete()
        case .nextSuggestion:
            prompt?.choose(1)
            return []
        case .previousSuggestion:
            if prompt?.chosen == nil { recall() } else { prompt?.choose(-1) }
            return []
        case .cursorLeft: prompt?.editor.moveLeft()
        case .cursorRight: prompt?.editor.moveRight()
        case .cursorStart: prompt?.editor.moveToStart()
        case .cursorEnd: prompt?.editor.moveToEnd()
        case .deleteBackward:
            if prompt?.editor.isEmpty == true {
                // An answer may be made empty, and then backspace must not take it all back.
                if case .answer? = prompt?.kind { return [] }
                return edit(.cancel, now: now)
            }
            prompt?.editor.deleteBackward()
        case .deleteForward: prompt?.editor.deleteForward()
        case .deleteWord: prompt?.editor.deleteWord()
        case .deleteLine: prompt?.editor.deleteToStart()
        default: break
        }
        return promptChanged()
    }

    /// Puts an earlier command into the line.
    private mutating func recall() {
        guard case .command? = prompt?.kind, !history.isEmpty else { return }
        let place = max((historyPlace ?? history.count) - 1, 0)
        historyPlace = place
        prompt?.editor.set(history[place])
        _ = promptChanged()
    }

    /// - Parameter isNew: whether nothing was typed yet: then nothing is wrong yet.
    mutating func promptChanged(isNew: Bool = false) -> [Effect] {
        guard let prompt else { return [] }
        switch prompt.kind {
        case .filter: if prompt.place == place { top.apply(filter: TextFilter(text: prompt.editor.text), model: model) }
        case .command:
            let suggestions = CommandLine.suggestions(
                for: prompt.editor.text, context: top.context, keymap: keymap, candidates: candidates, availability: availability)
            self.prompt?.chosen = nil
            self.prompt?.suggestions = suggestions
        case .answer(let question):
            self.prompt?.chosen = nil
            if question.purpose == .condition {
                let suggestions = top.suggestions(head: prompt.editor.head, tail: prompt.editor.tail)
                self.prompt?.suggestions = suggestions
            } else {
                self.prompt?.suggestions = question.choices(for: prompt.editor.text).map {
                    CommandLine.Suggestion(text: $0.text, label: $0.text, note: $0.note, disabled: nil)
                }
            }
            let problem = isNew ? nil : check(prompt.editor.text, question)
            self.prompt?.problem = problem
        }
        return []
    }

    private func candidates(_ argument: Command.Argument) -> [(text: String, note: String)] {
        switch argument {
        case .service: (model.board?.rows ?? []).map { ($0.service.name, $0.service.owner ?? "") }
        case .entity: (model.entities ?? []).map { ($0.path.displayName, $0.kind.rawValue) }
        case .subject:
            (model.board?.rows ?? []).map { ($0.service.name, "service") }
                + (model.entities ?? []).map { ($0.path.displayName, $0.kind.rawValue) }
        case .theme: themes.map { ($0, "") }
        case .file: []
        case .interval: [("10s", "the usual"), ("30s", ""), ("1m", ""), ("5m", ""), ("off", "not by themselves"), ("on", "")]
        case .id: top.traceChoices.map { ($0.text, $0.note) }
        case .condition: []
        }
    }

    private mutating func accept(now: Timestamp) -> [Effect] {
        guard let prompt else { return [] }
        switch prompt.kind {
        case .filter:
            self.prompt = nil
            self.prompt = nil
            // Another line may be selected now, of which more is to be shown.
            return turn(now) { app, turn in app.top.appear(&turn) }
        case .answer(let question):
            switch question.purpose {
            case .trace: return accept(trace: prompt.line, now: now)
            case .quit: return accept(quitting: prompt.line)
            case .export(let subject): return accept(exporting: subject, to: prompt.line, now: now)
            case .justification(let request, let part): return accept(prompt.line, as: part, of: request, now: now)
            case .condition where prompt.chosen != nil:
                self.prompt?.complete()
                return promptChanged()
            case .condition, .screen: return accept(answer: prompt.line, now: now)
            }
        case .command: break
        }
        var line = prompt.line
        // What was typed need not be a whole name, if only one can be meant or one was chosen.
        if prompt.chosen == nil, case .unknown = CommandLine.read(line), let best = prompt.suggestions.first { line = best.text }
        switch CommandLine.read(line) {
        case .empty:
            self.prompt = nil
            return []
        case .unknown(let word):
            self.prompt?.complaint = "no command '\(word)'"
            return []
        case .needsArgument(let argument, let id):
            self.prompt?.editor.set(id.rawValue + " ")
            let effects = promptChanged()
            self.prompt?.complaint = "which \(argument.rawValue.lowercased())?"
            return effects
        case .call(let call):
            self.prompt = nil
            if history.last != line { history.append(line) }
            if history.count > App.longestHistory { history.removeFirst() }
            return run(call.id, call.argument, now: now)
        }
    }

    /// Gives the answer to the screen that asked. With a problem the line stays, so that it can be mended.
    mutating func accept(answer: String, now: Timestamp) -> [Effect] {
        let asked = prompt
        prompt = nil
        guard asked?.place == place else {
            notice = Notice(kind: .warning, text: "The screen that asked has gone meanwhile: nothing was done.")
            return []
        }
        return turn(now) { app, turn in
            guard let problem = app.top.take(answer, &turn), turn.question == nil else { return }
            app.prompt = asked
            app.prompt?.editor.set(answer)
            app.prompt?.chosen = nil
            app.prompt?.problem = problem
        }
    }
}
