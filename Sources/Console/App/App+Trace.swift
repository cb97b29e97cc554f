internal import CallboardCore
internal import ServiceBus

/// Tracing an id can begin on any screen.
extension App {
    /// Traces an id that was named, or asks for one, with what the screen on top knows in the line.
    mutating func trace(_ id: String?, now: Timestamp) -> [Effect] {
        guard let id else {
            return turn(now) { app, turn in
                let choices = app.top.traceChoices
                turn.question = Question(
                    label: "trace", text: choices.first?.text ?? "",
                    help: "Message id, correlation id or trace id; looked for \(app.traceScopeTitle)",
                    choices: choices, purpose: .trace)
            }
        }
        guard let wanted = TraceID(id) else {
            notice = Notice(kind: .error, text: "There is no id to trace.")
            return []
        }
        return push(TraceScreen(wanted, scope: top.traceScope), now: now)
    }

    private var traceScopeTitle: String {
        switch top.traceScope {
        case .namespace: "in all queues and dead letters"
        case .service: "in what belongs to this service"
        case .entities(let paths): "in \(Figures.count(paths.count, "entity", plural: "entities"))"
        }
    }

    /// Takes the answer; an empty one traces nothing.
    mutating func accept(trace id: String, now: Timestamp) -> [Effect] {
        guard !id.allSatisfy(\.isWhitespace) else {
            prompt = nil
            return []
        }
        guard let id = TraceID(id) else {
            prompt?.problem = App.idProblem
            return []
        }
        prompt = nil
        return push(TraceScreen(id, scope: top.traceScope), now: now)
    }

    /// What is wrong with an answer that is being typed.
    func check(_ answer: String, _ question: Question) -> Question.Problem? {
        switch question.purpose {
        case .screen, .condition: prompt?.place == place ? top.check(answer, model) : nil
        case .quit, .export, .justification: nil
        case .trace: answer.isEmpty || TraceID(answer) != nil ? nil : App.idProblem
        }
    }

    private static var idProblem: Question.Problem { Question.Problem(text: "an id has 1 to \(TraceID.longest) bytes") }
}
