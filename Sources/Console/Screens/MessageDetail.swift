internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The open message: its document, how its body is shown, and where the reader is in it.
struct MessageDetail {
    let sequenceNumber: SequenceNumber
    private(set) var document = Loadable<MessageDocument>()
    private var form: BodyDocument.Form?
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var isLaidOut = false
    private var height = 1

    init(_ sequenceNumber: SequenceNumber, form: BodyDocument.Form?) {
        self.sequenceNumber = sequenceNumber
        self.form = form
    }

    /// The form a person chose for bodies; kept when going from message to message.
    var chosenForm: BodyDocument.Form? { form }

    mutating func begin(_ id: LoadID) { document.begin(id) }
    mutating func stop() { document.stop() }

    mutating func receive(_ message: MessageDocument) {
        document.set(message, asOf: message.peekedAt)
        isLaidOut = false
    }

    mutating func finish(_ error: OperatorError?) { document.finish(error) }

    mutating func settle(rows: Int, columns: Int, isProduction: Bool) {
        height = max(rows, 1)
        let width = max(columns - 2, 1)
        if let message = document.value, !isLaidOut || layout.width != width {
            layout = TextLayout(message.blocks(width: width, form: form, isProduction: isProduction), width: width)
            isLaidOut = true
        }
        scroll.settle(count: layout.count, height: height)
    }

    mutating func move(_ step: ListState.Step) { scroll.move(step, count: layout.count, height: height) }

    /// The next of the forms that the body has.
    mutating func nextForm() {
        guard let body = document.value?.body, let current = body.block(form)?.form,
            let place = body.forms.firstIndex(of: current)
        else { return }
        form = body.forms[(place + 1) % body.forms.count]
        isLaidOut = false
    }

    /// Why there is no other form.
    var formAvailability: Availability {
        guard let body = document.value?.body else { return .disabled("no message is open") }
        return switch body.forms.count {
        case 0: .disabled("the message has no body")
        case 1: .disabled("this body can only be shown as \(body.forms.first?.rawValue ?? "hex")")
        default: .enabled
        }
    }

    /// `12-30 of 96`.
    var position: String {
        guard layout.count > 0, document.value != nil else { return "" }
        return "line \(scroll.top + 1)-\(min(scroll.top + height, layout.count)) of \(layout.count)"
    }

    func render(into surface: inout Surface, _ rect: Rect, isFocused: Bool) {
        if isFocused { surface.cursor = Surface.Position(row: rect.row, column: rect.column) }
        if document.value != nil {
            for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
                surface.put(
                    row: rect.row + row, column: rect.column + min(1, rect.columns - 1), layout.row(scroll.top + row),
                    maxWidth: rect.columns - 1, truncation: .clip)
            }
        } else if let error = document.error {
            Placeholder.render(error, into: &surface, rect, retry: "^R tries again · q closes it")
        } else if document.isStopped {
            Placeholder.render("Stopped. ^R loads the message.", into: &surface, rect)
        } else {
            Placeholder.render("Loading the message…", role: .statusPending, into: &surface, rect)
        }
    }
}
