import Testing

@testable import ServiceBus

@Suite("Range scan")
struct RangeScanTests {
    /// Plays a scan against an entity: questions reach it in any order, and so do their answers come back.
    private struct Play {
        var scan: RangeScan<Token>
        var entity: ScriptedEntity
        var random: SeededGenerator
        /// Questions on their way there, and answers on their way back.
        var going: [RangeScan<Token>.Question] = []
        var coming: [(question: RangeScan<Token>.Question, page: [Token])] = []
        var taken: [Int64] = []
        var questions = 0
        var mostUnderWay = 0

        init(_ entity: ScriptedEntity, _ range: ClosedRange<Int64> = 0 ... .max, limits: ScanLimits = ScanLimits(), seed: UInt64 = 1) {
            self.init(entity, [range], limits: limits, seed: seed)
        }

        init(_ entity: ScriptedEntity, _ ranges: [ClosedRange<Int64>], limits: ScanLimits = ScanLimits(), seed: UInt64 = 1) {
            scan = RangeScan(ranges, limits: limits)
            self.entity = entity
            random = SeededGenerator(seed)
        }

        mutating func ask() {
            while let question = scan.nextQuestion() {
                going.append(question)
                questions += 1
            }
            mostUnderWay = max(mostUnderWay, going.count + coming.count)
        }

        mutating func answerOne() throws {
            if !going.isEmpty, coming.isEmpty || Bool.random(using: &random) {
                let question = going.remove(at: Int.random(in: going.indices, using: &random))
                coming.append((question, entity.page(from: question.from, count: question.count)))
            }
            if !coming.isEmpty, going.isEmpty || Bool.random(using: &random) {
                let (question, page) = coming.remove(at: Int.random(in: coming.indices, using: &random))
                try scan.answered(question, page)
            }
        }

        mutating func take() {
            while let page = scan.takePage() { taken.append(contentsOf: page.map(\.number)) }
        }

        /// To the end; `between` is called at every step.
        mutating func run(_ between: (inout Play) -> Void = { _ in }) throws {
            var steps = 0
            while !scan.isFinished {
                take()
                ask()
                if scan.isFinished { break }
                try #require(!going.isEmpty || !coming.isEmpty, "the scan waits for nothing")
                try answerOne()
                between(&self)
                steps += 1
                try #require(steps < 1_000_000, "the scan does not end")
            }
        }
    }

    private static func ascends(_ numbers: [Int64]) -> Bool { zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 } }

    /// Numbers with gaps of every kind.
    private static func numbers(_ random: inout SeededGenerator) -> [Int64] {
        var numbers: [Int64] = []
        var next = Int64.random(in: 0...1000, using: &random)
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let spread: Int64 = [1, 1, 3, 50, 10_000].randomElement(using: &random) ?? 1
            for _ in 0..<Int.random(in: 0...900, using: &random) {
                numbers.append(next)
                next += Int64.random(in: 1...spread, using: &random)
            }
            let reach = Int64(1) << Int64.random(in: 0...40, using: &random)
            next += Int64.random(in: 0...reach, using: &random)
        }
        return numbers
    }

    @Test("whatever the gaps and the order of the answers, every message comes once and in order", arguments: 0..<25)
    func gaps(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let entity = ScriptedEntity(Self.numbers(&random))
        var play = Play(entity, seed: seed)
        try play.run()
        #expect(play.taken == entity.numbers)
    }

    @Test("pages cut short by bytes change nothing", arguments: 0..<15)
    func shortPages(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var entity = ScriptedEntity(Self.numbers(&random).prefix(700))
        let limit = Int.random(in: 1...60, using: &random)
        entity.pageLimit = { 1 + ($0 &* 7919) % limit }
        var play = Play(entity, seed: seed)
        try play.run()
        #expect(play.taken == entity.numbers)
    }

    @Test("messages that come and go meanwhile: those there all the time come, none comes twice, none is made up", arguments: 0..<25)
    func changes(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var play = Play(ScriptedEntity(Self.numbers(&random)), seed: seed)
        var changes = 1000
        try play.run { play in
            guard changes > 0 else { return }
            changes -= 1
            let last = play.entity.numbers.last ?? 0
            if Bool.random(using: &random) { play.entity.insert(last + Int64.random(in: 1...300, using: &random)) }
            if Bool.random(using: &random) { play.entity.insert(Int64.random(in: 0...(last + 1), using: &random)) }
            if !play.entity.numbers.isEmpty, Bool.random(using: &random) {
                play.entity.remove(at: Int.random(in: play.entity.numbers.indices, using: &random))
            }
        }
        #expect(Self.ascends(play.taken))
        #expect(Set(play.taken).isSuperset(of: play.entity.alwaysThere))
        #expect(play.entity.everThere.isSuperset(of: play.taken))
    }

    @Test("partitions are ranges of their own, whether or not a peek goes on into the next", arguments: 0..<12)
    func partitions(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var numbers: [Int64] = []
        for partition in 0..<Int64.random(in: 1...4, using: &random) {
            let start = partition << 48 + 1
            numbers += (0..<Int64.random(in: 1...1200, using: &random)).map { start + $0 * Int64.random(in: 1...2, using: &random) }
        }
        for reading in ScriptedEntity.Reading.allCases {
            var entity = ScriptedEntity(numbers)
            entity.reading = reading
            var play = Play(entity, seed: seed)
            try play.run()
            #expect(play.taken == entity.numbers, "\(reading)")
        }
    }

    @Test("partitions far apart are found, as the service numbers them")
    func distantPartitions() throws {
        let numbers = [73, 160, 32, 1].flatMap { (partition: Int64) in (1...700).map { partition << 48 + $0 } }
        var play = Play(ScriptedEntity(numbers))
        try play.run()
        #expect(play.taken == numbers.sorted())
    }

    @Test("a range has a first and a last number")
    func range() throws {
        var play = Play(ScriptedEntity(1...3000), 1234...2345)
        try play.run()
        #expect(play.taken == Array(1234...2345))
        var top = Play(ScriptedEntity([.max - 1, .max]))
        try top.run()
        #expect(top.taken == [.max - 1, .max])
    }

    @Test("ranges in several partitions are seen to their ends and no further", arguments: 0..<8)
    func ranges(seed: UInt64) throws {
        let numbers = [0, 3, 4, 15].flatMap { (partition: Int64) in (1...1000).map { partition << 48 + $0 } }
        let ends: [Int64] = [0 << 48 + 400, 3 << 48 + 1000, 4 << 48 + 1, 15 << 48 + 999]
        for reading in ScriptedEntity.Reading.allCases {
            var entity = ScriptedEntity(numbers)
            entity.reading = reading
            var play = Play(entity, ends.map { ($0 >> 48) << 48 + 1...$0 }, seed: seed)
            try play.run()
            #expect(play.taken == numbers.filter { number in ends.contains { $0 >> 48 == number >> 48 && number <= $0 } }, "\(reading)")
        }
    }

    @Test("an answer without messages ends the part of the scan that asked, and none behind it")
    func staleAnswer() throws {
        var scan = RangeScan<Token>([0 ... .max])
        func page(_ numbers: ClosedRange<Int64>) -> [Token] { numbers.map { Token(number: $0) } }
        func questions() -> [RangeScan<Token>.Question] {
            var questions: [RangeScan<Token>.Question] = []
            while let question = scan.nextQuestion() { questions.append(question) }
            return questions
        }
        for question in questions() { try scan.answered(question, question.from == 0 ? page(1...250) : []) }
        var asked: [RangeScan<Token>.Question] = []
        while case let more = questions(), !more.isEmpty {
            asked += more.filter { $0.count > 1 }
            // Single ones ask how far the numbers go, and for further partitions.
            for single in more where single.count == 1 { try scan.answered(single, []) }
        }
        try #require(asked.map(\.from) == [251, 501])
        // The second question finds messages that came after the first was answered.
        try scan.answered(asked[1], page(501...750))
        try scan.answered(asked[0], [])
        var taken: [Int64] = []
        while !scan.isFinished {
            while let page = scan.takePage() { taken += page.map(\.number) }
            let more = questions()
            try #require(!more.isEmpty || scan.isFinished)
            for question in more { try scan.answered(question, question.from > 900 ? [] : page(max(question.from, 751)...900)) }
        }
        #expect(taken == Array(1...250) + Array(501...900))
    }

    @Test("a scan up to a number ends though the entity grows for ever")
    func growth() throws {
        var play = Play(ScriptedEntity(1...1000), 0...1000)
        try play.run { play in
            let last = play.entity.numbers.last ?? 0
            for step in 1...100 { play.entity.insert(last + Int64(step)) }
        }
        #expect(play.taken == Array(1...1000))
    }

    @Test("a dense entity costs a question a page and little more")
    func economy() throws {
        var play = Play(ScriptedEntity(1...20_000))
        try play.run()
        #expect(play.questions < 20_000 / 250 + 2 * ScanLimits().width + 10)
        #expect(play.mostUnderWay > ScanLimits().width / 2)
    }

    @Test("islands in a sea of unused numbers cost a bounded number of questions each")
    func islands() throws {
        let numbers = (0..<12).flatMap { (island: Int64) in (1...500).map { island << 30 + $0 } }
        var play = Play(ScriptedEntity(numbers))
        try play.run()
        #expect(play.taken == numbers)
        #expect(play.questions < 12 * (2 + 2 * ScanLimits().width))
    }

    private static let twentyPages: [ScanLimits] = {
        var (bytes, pages) = (ScanLimits(), ScanLimits())
        bytes.heldBytes = 20 * 250 * 100
        pages.heldPages = 20
        return [bytes, pages]
    }()

    @Test("when nobody takes, no more is asked for than may be held", arguments: twentyPages)
    func backPressure(limits: ScanLimits) throws {
        var play = Play(ScriptedEntity(1...20_000), limits: limits)
        play.ask()
        while !play.going.isEmpty || !play.coming.isEmpty {
            try play.answerOne()
            play.ask()
        }
        // Nothing more is asked for. Then as much is held as was allowed.
        #expect(play.questions < 20 + 10)
        play.take()
        #expect(play.taken.count > 10 * 250 && play.taken.count <= 20 * 250)
        try play.run()
        #expect(play.taken == Array(1...20_000))
    }

    @Test("a page held far ahead does not keep the front waiting")
    func frontFirst() throws {
        var limits = ScanLimits()
        limits.heldBytes = 1
        var play = Play(ScriptedEntity(1...5000), limits: limits)
        try play.run()
        #expect(play.taken == Array(1...5000))
    }

    @Test("a question that fails is asked again")
    func failures() throws {
        var play = Play(ScriptedEntity(1...8000))
        var failing = 50
        try play.run { play in
            guard failing > 0, !play.going.isEmpty else { return }
            failing -= 1
            if failing % 10 == 0 {
                play.scan.forgetQuestions()
                play.going = []
                play.coming = []
            } else {
                play.scan.failed(play.going.removeLast())
            }
        }
        #expect(play.taken == Array(1...8000))
    }

    @Test("a server that starts over is found out", arguments: [[5, 6], [100, 100], [101, 100]])
    func outOfOrder(numbers: [Int64]) throws {
        var scan = RangeScan<Token>([100...200])
        let asked = scan.nextQuestion()
        let question = try #require(asked)
        #expect(throws: RangeScan<Token>.Fault.self) { try scan.answered(question, numbers.map { Token(number: $0) }) }
    }

    // MARK: The upper bound

    @Test("the highest number is found in a few rounds", arguments: [0, 1, 255, 256, 4096, 50_012, 1_000_003, 1 << 40, .max] as [Int64])
    func upperBound(highest: Int64) throws {
        let entity = ScriptedEntity(highest == 0 ? [] : stride(from: 1, through: min(highest, 1000), by: 7).map { $0 } + [highest])
        var search = UpperBoundSearch(from: 1)
        var rounds = 0
        while case let positions = search.nextRound(), !positions.isEmpty {
            rounds += 1
            try #require(rounds < 40 && positions.count <= 8)
            for position in positions.shuffled() { search.answered(position, entity.page(from: position, count: 1).first?.number) }
        }
        #expect(search.highest == highest)
        #expect(rounds <= 26)
    }

    @Test("a search stays in its partition", arguments: [1, 300, 5000] as [Int64])
    func boundedSearch(count: Int64) throws {
        let start: Int64 = 3 << 48
        for reading in ScriptedEntity.Reading.allCases {
            var entity = ScriptedEntity((1...count).map { start + $0 } + (1...9).map { 4 << 48 + $0 })
            entity.reading = reading
            var search = UpperBoundSearch(from: start + 1, through: 4 << 48 - 1)
            while case let positions = search.nextRound(), !positions.isEmpty {
                #expect(positions.allSatisfy { $0 >> 48 == 3 })
                for position in positions { search.answered(position, entity.page(from: position, count: 1).first?.number) }
            }
            #expect(search.highest == start + count)
        }
        var full = UpperBoundSearch(from: 1, through: 1000)
        while case let positions = full.nextRound(), !positions.isEmpty {
            for position in positions { full.answered(position, position) }
        }
        #expect(full.highest == 1000)
    }

    @Test("a search ends though messages come and go meanwhile", arguments: 0..<20)
    func restlessBound(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var entity = ScriptedEntity(1...3000)
        var search = UpperBoundSearch(from: 0)
        var rounds = 0
        while case let positions = search.nextRound(), !positions.isEmpty {
            rounds += 1
            try #require(rounds < 60)
            for position in positions {
                search.answered(position, entity.page(from: position, count: 1).first?.number)
                if Bool.random(using: &random) {
                    entity.insert((entity.numbers.last ?? 0) + 1)
                } else {
                    entity.remove(at: entity.numbers.count - 1)
                }
            }
        }
        #expect(search.highest > 0)
    }
}
