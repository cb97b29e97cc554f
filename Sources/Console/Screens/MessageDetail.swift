internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The open message: its document, how its body is shown, what is folded in it, and where the reader is.
struct MessageDetail {
    /// The parts of the text, in order.
    private enum Part {
        static let head = 0
        static let body = 1
        static let tail = 2
    }

    let sequenceNumber: SequenceNumber
    private(set) var document = Loadable<MessageDocument>()
    /// How much of the body is laid out.
    private(set) var limits: BodyLimits
    private var form: BodyDocument.Form?
    private var list = ListState()
    private var layout = TextLayout(width: 1)
    private var body = BodyLines([])
    private var folded: Set<Int> = []
    /// What was looked for last, in lower case.
    private(set) var sought = ""
    /// Where it occurs; found anew with every layout.
    private var places: [Place] = []
    private var isLaidOut = false
    private var height = 1

    init(_ sequenceNumber: SequenceNumber, form: BodyDocument.Form?, sought: String = "", limits: BodyLimits = .standard) {
        self.sequenceNumber = sequenceNumber
        self.form = form
        self.sought = sought
        self.limits = limits
    }

    /// The form a person chose for bodies; kept when going from message to message.
    var chosenForm: BodyDocument.Form? { form }

    mutating func begin(_ id: LoadID) { document.begin(id) }
    mutating func stop() { document.stop() }

    mutating func receive(_ message: MessageDocument) {
        document.set(message, asOf: message.peekedAt)
        folded = []
        isLaidOut = false
    }

    mutating func finish(_ error: OperatorError?) { document.finish(error) }

    // MARK: - Layout

    private var shownForm: BodyDocument.Form? { document.value?.body.form(form) }

    private var isProduction = false

    mutating func settle(rows: Int, columns: Int, isProduction: Bool) {
        height = max(rows, 1)
        self.isProduction = isProduction
        let width = max(columns - 2, 1)
        if document.value != nil, !isLaidOut || layout.width != width { layOut(width) }
        list.settle(count: layout.count, height: height)
    }

    private mutating func layOut(_ width: Int) {
        guard let message = document.value else { return }
        let shown = shownForm
        body =
            switch shown {
            case .pretty: message.body.decoded.tree.map { BodyLines(BodyLayout($0, folded: folded)) } ?? BodyLines([])
            case .text: BodyLines(message.body.textLines)
            case .hex, nil: BodyLines([])
            }
        layout = TextLayout(
            [
                message.head(width: width, form: shown, isProduction: isProduction),
                shown == .hex ? .bytes(message.body.decoded.bytes) : .lines(body.lines),
                message.tail(width: width, isProduction: isProduction),
            ], width: width)
        isLaidOut = true
        places = sought.isEmpty ? [] : findPlaces()
    }

    mutating func move(_ step: ListState.Step) { list.move(step, count: layout.count, height: height) }

    private mutating func select(_ row: Int) {
        list.select(row, count: layout.count, height: height)
    }

    /// Selects a row and shows some of what stands above it.
    private mutating func reveal(_ row: Int) {
        select(row - min(height / 3, row))
        select(min(row + height / 3, max(layout.count - 1, 0)))
        select(row)
    }

    // MARK: - Forms

    /// The next of the forms that the body has.
    mutating func nextForm() {
        guard let body = document.value?.body, let current = shownForm, let place = body.forms.firstIndex(of: current) else { return }
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

    /// Why no more of the body can be laid out.
    var moreAvailability: Availability {
        guard let body = document.value?.body else { return .disabled("no message is open") }
        return body.canShowMore ? .enabled : .disabled("all of the body is laid out")
    }

    /// The limits that would show more.
    var widerLimits: BodyLimits { limits.widened() }

    // MARK: - Values

    private var tree: BodyTree? { shownForm == .pretty ? document.value?.body.decoded.tree : nil }

    /// The value at the cursor.
    var node: Int? {
        guard tree != nil, let place = layout.place(of: list.selected), place.block == Part.body, body.nodes.indices.contains(place.line)
        else { return nil }
        return body.nodes[place.line]
    }

    /// Why there is no value at the cursor.
    var nodeAvailability: Availability {
        guard document.value != nil else { return .disabled("no message is open") }
        guard tree != nil else { return .disabled("the body is not shown as pretty (v)") }
        return node == nil ? .disabled("the cursor is not in the body; gp goes to a path") : .enabled
    }

    /// The path of the value at the cursor.
    var path: String? { node.flatMap { tree?.path(of: $0) } }

    /// The text of the value at the cursor; outside of a tree, of the line.
    var value: (text: String, name: String)? {
        if let node, let tree { return (tree.text(of: node), tree.path(of: node)) }
        guard document.value != nil, layout.count > 0, let place = layout.place(of: list.selected) else { return nil }
        // All rows of the line, as it was before it was wrapped.
        var row = list.selected - place.part
        var text = ""
        while let other = layout.place(of: row), other.block == place.block, other.line == place.line {
            let part = layout.row(row).text
            text += row == list.selected - place.part ? part : String(part.drop { $0 == " " })
            row += 1
        }
        return (String(text.drop { $0 == " " }), "the line")
    }

    /// The whole body as text, or nil where it is none: what is copied.
    var bodyText: String? {
        guard let decoded = document.value?.body.decoded else { return nil }
        return decoded.text ?? decoded.tree.map { $0.text(of: 0) }
    }

    /// The whole body as bytes, for a file: unpacked text where it is text, else what was sent.
    var bodyBytes: [UInt8]? {
        guard let decoded = document.value?.body.decoded else { return nil }
        if let text = decoded.text, !decoded.isCut { return Array(text.utf8) }
        return decoded.bytes
    }

    /// Everything as text, for a pager: controls are shown and not obeyed, and everything is unfolded.
    var pageText: String? {
        guard let message = document.value else { return nil }
        let width = 100
        let shown = shownForm
        let lines: TextBlock =
            switch shown {
            case .pretty: .lines(message.body.decoded.tree.map { BodyLines(BodyLayout($0)).lines } ?? [])
            case .text: .lines(message.body.textLines)
            case .hex, nil: .bytes(Array(message.body.decoded.bytes.prefix(4 << 20)))
            }
        // Lines are not wrapped: the pager does that.
        let whole = TextLayout([lines], width: shown == .hex ? width : Int(Int32.max))
        let head = TextLayout([message.head(width: width, form: shown, isProduction: false)], width: width)
        let tail = TextLayout([message.tail(width: width, isProduction: false)], width: width)
        return [head, whole, tail].map { part in (0..<part.count).map { part.row($0).text + "\n" }.joined() }.joined()
    }

    // MARK: - Folding

    /// Hides what is in the container at the cursor, or shows it again; of a leaf, the container that it is in.
    mutating func fold() {
        guard let node, let tree else { return }
        let layout = BodyLayout(tree, folded: folded)
        let target = layout.canFold(node) || folded.contains(node) ? node : tree.nodes[node].parent
        guard target >= 0 else { return }
        if folded.remove(target) == nil { folded.insert(target) }
        relay(to: target)
    }

    /// Hides what is in all containers but the outermost, or shows everything.
    mutating func foldAll() {
        guard let tree else { return }
        let node = node ?? 0
        if folded.isEmpty {
            let layout = BodyLayout(tree)
            folded = Set(tree.nodes.indices.filter { tree.nodes[$0].parent == 0 && layout.canFold($0) })
        } else {
            folded = []
        }
        relay(to: node)
    }

    /// Lays out anew and goes to the line of a node, or of what hides it.
    private mutating func relay(to node: Int) {
        layOut(layout.width)
        guard let tree else { return }
        let lines = BodyLayout(tree, folded: folded)
        guard let line = lines.line(of: node), let place = body.line(of: lines.lines[line].node) else { return }
        guard let row = layout.row(ofBlock: Part.body, line: place) else { return }
        select(row)
    }

    // MARK: - Going to a path

    /// The paths of the first values, to choose from.
    var paths: [String] {
        guard let tree else { return [] }
        return tree.nodes.indices.dropFirst().prefix(500).map { tree.path(of: $0) }
    }

    /// Whether there are values to go to.
    var hasPaths: Bool { (tree?.nodes.count ?? 0) > 1 }

    /// Goes to the value at a path.
    ///
    /// - Returns: false if there is none.
    mutating func go(to path: String) -> Bool {
        guard let tree, let node = tree.node(at: path) else { return false }
        unfold(node)
        relay(to: node)
        reveal(list.selected)
        return true
    }

    private mutating func unfold(_ node: Int) {
        guard let tree else { return }
        var parent = tree.nodes[node].parent
        while parent >= 0 {
            folded.remove(parent)
            parent = tree.nodes[parent].parent
        }
    }

    // MARK: - Finding

    /// Where something can be found: a row of the text, or a value of the tree, which may be folded.
    private enum Place {
        case row(Int)
        case node(Int)
    }

    /// Looks for text, from the cursor on.
    ///
    /// - Returns: whether it occurs.
    mutating func find(_ text: String) -> Bool {
        sought = text.lowercased()
        places = sought.isEmpty ? [] : findPlaces()
        return goOn(forward: true, fromHere: true)
    }

    /// Goes to the next or the previous place where it occurs, around the end.
    @discardableResult
    mutating func goOn(forward: Bool, fromHere: Bool = false) -> Bool {
        guard !sought.isEmpty, document.value != nil else { return false }
        guard !places.isEmpty else { return false }
        let here = position(of: list.selected)
        let orders = places.map { order($0) }
        let found =
            forward
            ? orders.firstIndex { fromHere ? $0 >= here : $0 > here } ?? 0
            : orders.lastIndex { $0 < here } ?? places.count - 1
        switch places[found] {
        case .row(let row): reveal(row)
        case .node(let node):
            unfold(node)
            relay(to: node)
            reveal(list.selected)
        }
        return true
    }

    /// How often what was looked for occurs, and at which of these the cursor is.
    var matches: (place: Int?, count: Int)? {
        guard !sought.isEmpty, document.value != nil else { return nil }
        let orders = places.map { order($0) }
        let here = position(of: list.selected)
        return (orders.firstIndex(of: here).map { $0 + 1 }, orders.count)
    }

    /// A place's order among all: part, then line or node. Neither comes near 2^32.
    private func position(of row: Int) -> Int {
        guard let place = layout.place(of: row) else { return Int.max }
        if place.block == Part.body, body.nodes.indices.contains(place.line) { return Part.body << 32 + body.nodes[place.line] }
        return place.block << 32 + place.line
    }

    private func order(_ place: Place) -> Int {
        switch place {
        case .row(let row): position(of: row)
        case .node(let node): Part.body << 32 + node
        }
    }

    private func findPlaces() -> [Place] {
        var places: [Place] = []
        var lastLine: (Int, Int)?
        // The parts above and below, and a body without a tree, are looked through as they stand; a line that is wrapped as a whole.
        var row = 0
        while row < layout.count {
            guard let place = layout.place(of: row) else { break }
            if place.block == Part.body, let tree {
                places += found(in: tree).map { .node($0) }
                row = layout.row(ofBlock: Part.tail, line: 0) ?? layout.count
                continue
            }
            if lastLine.map({ $0 != (place.block, place.line) }) ?? true, holds(place, row) { places.append(.row(row)) }
            lastLine = (place.block, place.line)
            row += 1
        }
        return places
    }

    private func holds(_ place: (block: Int, line: Int, part: Int), _ row: Int) -> Bool {
        if place.block == Part.body, shownForm == .text, body.lines.indices.contains(place.line) {
            return body.lines[place.line].text.lowercased().holds(sought)
        }
        return layout.row(row).text.lowercased().holds(sought)
    }

    private func found(in tree: BodyTree) -> [Int] {
        tree.nodes.indices.filter { index in
            let node = tree.nodes[index]
            switch node.step {
            case .member(let name), .key(let name), .attribute(let name): if name.lowercased().holds(sought) { return true }
            case .root, .index, .content: break
            }
            return tree.leafText(of: index)?.lowercased().holds(sought) == true
        }
    }

    // MARK: - Drawing

    /// `12-30 of 96`.
    var position: String {
        guard layout.count > 0, document.value != nil else { return "" }
        let lines = "line \(list.top + 1)-\(min(list.top + height, layout.count)) of \(layout.count)"
        guard let matches else { return lines }
        return "\(matches.place.map { "\($0) of " } ?? "")\(Figures.count(matches.count, "place")) with '\(sought)' · \(lines)"
    }

    func render(into surface: inout Surface, _ rect: Rect, isFocused: Bool) {
        if isFocused { surface.cursor = Surface.Position(row: rect.row, column: rect.column) }
        if document.value != nil {
            for row in 0..<min(rect.rows, max(layout.count - list.top, 0)) {
                let spans = MessageDetail.marked(layout.row(list.top + row), sought)
                surface.put(
                    row: rect.row + row, column: rect.column + min(1, rect.columns - 1), spans, maxWidth: rect.columns - 1,
                    truncation: .clip)
                if isFocused, list.top + row == list.selected { Table.mark(row: rect.row + row, into: &surface, rect, isFocused: true) }
            }
        } else if let error = document.error {
            Placeholder.render(error, into: &surface, rect, retry: "^R tries again · q closes it")
        } else if document.isStopped {
            Placeholder.render("Stopped. ^R loads the message.", into: &surface, rect)
        } else {
            Placeholder.render("Loading the message…", role: .statusPending, into: &surface, rect)
        }
    }

    /// The spans of a row, with what was looked for in its own role.
    static func marked(_ spans: [Span], _ sought: String) -> [Span] {
        guard !sought.isEmpty, spans.text.lowercased().holds(sought) else { return spans }
        return spans.flatMap { span -> [Span] in
            var result: [Span] = []
            var rest = Substring(span.text)
            while !rest.isEmpty {
                // Character by character: upper and lower case may differ in their length.
                var start = rest.startIndex
                var end: Substring.Index?
                while start < rest.endIndex {
                    end = MessageDetail.end(of: sought, in: rest, from: start)
                    if end != nil { break }
                    start = rest.index(after: start)
                }
                guard let end else { break }
                if start > rest.startIndex { result.append(Span(String(rest[..<start]), span.role)) }
                result.append(Span(String(rest[start..<end]), .match))
                rest = rest[end...]
            }
            if !rest.isEmpty { result.append(Span(String(rest), span.role)) }
            return result
        }
    }

    private static func end(of sought: String, in text: Substring, from start: Substring.Index) -> Substring.Index? {
        var wanted = Substring(sought)
        var place = start
        while !wanted.isEmpty {
            guard place < text.endIndex else { return nil }
            let lower = text[place].lowercased()
            guard wanted.hasPrefix(lower) else { return nil }
            wanted = wanted.dropFirst(lower.count)
            place = text.index(after: place)
        }
        return place
    }
}
