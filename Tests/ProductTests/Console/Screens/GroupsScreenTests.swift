import AMQP
import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// Messages by what they died of.
@Suite struct GroupsScreenTests {
    private func groups(_ keys: String = "", _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type("c" + keys)
        return console
    }

    /// A console whose scan of groups waits.
    private func waiting(_ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns) { request in
            if case .groups = request { nil } else { ConsoleHarness.usual(request) }
        }
        console.type("c")
        return console
    }

    private func isGroups(_ request: Request) -> Bool { if case .groups = request { true } else { false } }

    private func names(_ console: ConsoleHarness) -> [String] { (0..<24).map { console.line($0) } }

    @Test("80x24: causes, largest first, and a message of the selected one")
    func golden80() {
        #expect(
            groups().text == """
                 DEMO  sb-retail › orders › dead letters › groups     dana@contoso · read-write
                 by fingerprint · 4 causes, 4 singles                   as of 03:12:44Z, <1 min
                 scanned 700 in 1.9 s · up to #4770811                               most first
                ─ count  share  last seen ───── cause ──────────────────────────────────────────
                ▌   515   74 %  11-23 03:05:46  MaxDeliveryCountExceeded: TimeoutException: POS…
                    139   20 %  11-23 03:05:43  MaxDeliveryCountExceeded: SqlException: deadloc…
                     35    5 %  11-23 03:05:25  ValidationFailed: $.lines[{}].sku is empty
                      7    1 %  11-23 03:06:01  TTLExpiredException: The message expired and wa…
                      4   <1 %                  singles …







                ─ group f470dafc7a44 · sample #4770361 ─────────────────────────────────────────
                 order-88462 · OrderPlaced · enqueued 11-23 02:43:31 · delivered 10 times
                 TimeoutException: POST https://pay/orders/4770361 took 30249ms (limit 30000ms)
                 here  MaxDeliveryCount is 10 here; delivered 10 times.


                                                                                         1 of 5
                 enter open · p explain · z keys · space mark · A actions · r redrive
                """)
    }

    @Test("200x60: the whole cause, and since when")
    func golden200() {
        let console = groups("j", 60, 200)
        #expect(
            (0...9).map { console.line($0) }.joined(separator: "\n") == """
                 DEMO  sb-retail › orders › dead letters › groups                                                                                                                             dana@contoso · read-write
                 by fingerprint · 4 causes, 4 singles                                                                                                                                           as of 03:12:44Z, <1 min
                 scanned 700 in 1.9 s · up to #4770811                                                                                                                                                       most first
                ─ count  share  first seen ──── last seen ───── delivered  cause ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                    515   74 %  11-23 02:31:04  11-23 03:05:46         10  MaxDeliveryCountExceeded: TimeoutException: POST https://pay/orders/{} took {}ms (limit {}ms)
                ▌   139   20 %  11-23 02:31:13  11-23 03:05:43         10  MaxDeliveryCountExceeded: SqlException: deadlock on Orders, victim {}
                     35    5 %  11-23 02:31:25  11-23 03:05:25          1  ValidationFailed: $.lines[{}].sku is empty
                      7    1 %  11-23 02:36:01  11-23 03:06:01          0  TTLExpiredException: The message expired and was dead lettered.
                      4   <1 %                                             singles …

                """)
        #expect(
            (52...59).map { console.line($0) }.joined(separator: "\n") == """
                ─ group a0743dcac163 · sample #4770805 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 order-88906 · OrderPlaced · enqueued 11-23 03:05:43 · delivered 10 times
                 SqlException: deadlock on Orders, victim 4851
                 here  MaxDeliveryCount is 10 here; delivered 10 times.


                                                                                                                                                                                                                 2 of 5
                 enter open · p explain · z keys · space mark · A actions · r redrive · / filter · s sort · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("while it runs: how much of about how many, how far, and up to where")
    func running() {
        var console = waiting()
        #expect(console.text.contains("Reading dead letters"))
        console.answer(.success([.groups(Fixture.progress(count: 250))]), isLast: false, to: isGroups)
        #expect(console.line(2).hasPrefix(" scanned 250 of ~50,012 · 35 % of the way in 400 ms · up to #4770811"))
        #expect(console.line(23).hasPrefix(" esc stop"))
        #expect(console.line(1).contains("4 causes"))
    }

    @Test("esc stops it, what came on the way still counts, + goes on with the same scan")
    func stopAndResume() throws {
        var console = waiting()
        console.answer(.success([.groups(Fixture.progress(count: 250))]), isLast: false, to: isGroups)
        console.type("<Esc>")
        #expect(console.stopped.contains(where: isGroups))
        #expect(console.line(1).contains("stopped (+)"))
        // The scan says on its way out how far it came.
        console.answer(.success([.groups(Fixture.progress(count: 300))]), isLast: false, to: isGroups)
        console.answer(.failure(OperatorError(.cancelled, "The scan was stopped.")), to: isGroups)
        #expect(console.line(2).hasPrefix(" scanned 300 of ~50,012"))
        console.type("+")
        let scans = console.asked.compactMap { request -> GroupScan? in if case .groups(let scan) = request { scan } else { nil } }
        #expect(scans.count == 2 && scans[0] == scans[1])
        console.answer(.success([.groups(Fixture.progress())]), to: isGroups)
        #expect(console.line(2).hasPrefix(" scanned 700 in 1.9 s · up to #4770811"))
        console.type("+")
        #expect(console.text.contains("all messages were read; ^R starts again"))
        console.type("<C-r>")
        let fresh = console.asked.compactMap { request -> GroupScan? in if case .groups(let scan) = request { scan } else { nil } }.last
        #expect(fresh != scans[0])
    }

    @Test("a scan that fails keeps what it had, says so, and goes on")
    func failure() {
        var console = waiting()
        console.answer(.success([.groups(Fixture.progress(count: 250))]), isLast: false, to: isGroups)
        console.answer(.failure(OperatorError(.unreachable, "The link was lost.")), to: isGroups)
        #expect(console.line(1).contains("incomplete (+)"))
        #expect(console.line(4).contains("TimeoutException"))
        console.type("+")
        #expect(console.waiting.contains { isGroups($0.request) })
    }

    @Test("an empty queue is no error, and one that cannot be read says why")
    func empty() {
        var console = waiting()
        var done = GroupScan.Progress()
        done.isComplete = true
        console.answer(.success([.groups(done)]), to: isGroups)
        #expect(console.text.contains("No dead letters here."))
        var failed = waiting()
        failed.answer(.failure(OperatorError(.notPermitted, "Peeking orders is not permitted.", hint: "Ask for Listen.")), to: isGroups)
        #expect(failed.text.contains("Peeking orders is not permitted.") && failed.text.contains("Ask for Listen."))
    }

    @Test("enter shows exactly the messages of a group, and back is the same group")
    func drill() throws {
        var console = groups("j<Enter>")
        let group = try #require(Fixture.progress().groups.dropFirst().first)
        #expect(console.asked.last == .members(Fixture.path("orders").deadLetter, group.members, from: nil, limit: MessagesScreen.pageful))
        #expect(console.line(0).contains("groups › \(group.id)"))
        #expect(console.line(1).hasPrefix(" \(group.count) dead letters of one group · all"))
        console.type("<Enter>")
        #expect(console.text.contains("Reason  "))
        console.type("qq")
        #expect(console.line(1).hasPrefix(" by fingerprint"))
        #expect(console.line(5).hasPrefix("▌") && console.line(5).contains("SqlException"))
    }

    @Test("messages of a group that went away since are counted")
    func gone() {
        var console = ConsoleHarness(rows: 24, columns: 120) { request in
            if case .members(_, let numbers, _, _) = request { return .success([.page(Array(Fixture.rows(numbers).dropLast(3)))]) }
            return ConsoleHarness.usual(request)
        }
        console.type("c<Enter>")
        #expect(console.line(1).contains("3 are gone since"))
    }

    @Test("the messages that are alone are one line, which can be opened")
    func singles() {
        var console = groups("G")
        #expect(console.line(8).hasPrefix("▌") && console.line(8).contains("singles …"))
        #expect(console.text.contains("4 messages, each the only one of its kind."))
        console.type("p")
        #expect(console.text.contains("select one group"))
        console.type("<Enter>")
        #expect(console.line(1).hasPrefix(" 4 dead letters of one group · all"))
    }

    @Test("s orders by size, time and cause; the selection stays with its group")
    func sorting() {
        var console = groups("j")
        let cause = console.line(5)
        for order in ["latest first", "oldest first", "in order of cause", "most first"] {
            console.type("s")
            #expect(console.line(2).hasSuffix(order))
            #expect(names(console).contains { $0.hasPrefix("▌") && $0.suffix(30) == cause.suffix(30) })
        }
    }

    @Test("a filter finds causes by their words, and the sample follows")
    func filter() {
        let console = groups("/deadlock<Enter>")
        #expect(console.line(4).contains("SqlException") && !console.text.contains("ValidationFailed:"))
        #expect(console.text.contains("victim"))
        #expect(console.line(1).contains("1 shown"))
    }

    @Test("z takes any keys, completes the last of them, and says what is wrong with one")
    func keys() {
        var console = groups("z")
        #expect(console.line(22).hasPrefix("group by: fingerprint"))
        console.type("<C-u>subject,ten")
        #expect(console.text.contains("subject,tenant"))
        console.type("<Tab><Enter>")
        #expect(console.line(1).hasPrefix(" by subject,tenant"))
        #expect(console.text.contains("OrderPlaced · –"))
        console.type("z<C-u>sys.Nonsense")
        #expect(console.text.contains("Messages have no system property 'Nonsense'."))
        console.type("<Enter>")
        #expect(console.line(22).hasPrefix("group by: sys.Nonsense"), "what is wrong can be mended")
    }

    @Test("the queue of an entity that has something wrong with it is the one that is grouped")
    func whichQueue() {
        func asked(_ command: String) -> EntityPath? {
            var console = ConsoleHarness()
            console.type(":groups \(command)<Enter>")
            return console.asked.compactMap { if case .groups(let scan) = $0 { scan.path } else { nil } }.last
        }
        #expect(asked("orders") == Fixture.path("orders").deadLetter)
        #expect(asked("shipments") == Fixture.path("shipments").deadLetter)
        #expect(asked("order-events/billing") == Fixture.path("order-events/Subscriptions/billing").deadLetter)
        #expect(asked("orders/$Transfer/$deadletterqueue") == Fixture.path("orders").subQueue(.transferDeadLetter))
    }

    @Test("messages that have not died are grouped by subject", arguments: [("m", "by subject"), ("d", "by fingerprint")])
    func usualKeys(key: String, title: String) {
        var console = ConsoleHarness()
        console.type("<Enter><Enter>\(key)c")
        #expect(console.line(1).hasPrefix(" \(title)"))
    }

    @Test("no size makes it trap, and every line fits", arguments: [(1, 1), (4, 20), (9, 40), (15, 60), (60, 200)])
    func sizes(rows: Int, columns: Int) {
        for keys in ["", "j", "G", "p", "pG", "<Enter>", "z"] {
            let console = groups(keys, rows, columns)
            #expect((0..<rows).allSatisfy { Width.of(console.line($0)) <= columns })
        }
    }
}

/// Why messages lie where they lie.
@Suite struct ExplanationScreenTests {
    private func explained(_ keys: String, _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type(keys)
        return console
    }

    @Test("80x24: what the reason means, which setting it came from here, and what to do")
    func golden80() {
        #expect(
            explained("cp").text == """
                 DEMO  … › dead letters › groups › explained          dana@contoso · read-write
                 515 messages · MaxDeliveryCountExceeded: TimeoutExcep… as of 03:12:44Z, <1 min
                 Reason        MaxDeliveryCountExceeded
                 Whose word    the service's
                 Means         Receivers took the message again and again and never completed
                               it: each time it was abandoned, its lock ran out, or its
                               receiver ended.
                 Here          MaxDeliveryCount is 10 here; delivered 10 times.
                 Try           Look for the exception at the receiver. Where it was passing (a
                               time-out, a lock), redrive once that is over; where locks run
                               out, renew them or raise LockDuration; a higher
                               MaxDeliveryCount only buys time.
                 Ask           team-cart, on call R. Osei: orders belongs to checkout

                 the group
                 Cause         MaxDeliveryCountExceeded: TimeoutException: POST
                               https://pay/orders/{} took {}ms (limit {}ms)
                 Messages      515 of 700 that were read (74 %)
                 Seen          11-23 02:31:04Z to 11-23 03:05:46Z
                 Rate          15 a minute on average
                 Group         f470dafc7a44

                                                                                line 1-20 of 29
                 : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a group whose messages were enqueued farther apart than can be counted is explained")
    func farApart() throws {
        func rate(_ times: [Int64]) throws -> String? {
            var groups = MessageGroups(by: [])
            for (number, time) in times.enumerated() {
                var content = MessageContent(body: .data([]))
                content.messageAnnotations = [
                    "x-opt-sequence-number": .long(Int64(number + 1)), "x-opt-enqueued-time": .timestamp(time),
                ]
                groups.append(try #require(PeekedMessage(try Message(content.encoded))))
            }
            return ExplanationScreen.rate(try #require(groups.groups().first))
        }
        #expect(try rate([0, 60_000, 120_000]) == "1 a minute on average")
        #expect(try rate([0, 3_600_000, 7_200_000]) == "one every 1 h on average")
        #expect(try rate([.min, .max - 1])?.hasPrefix("one every ") == true)
    }

    @Test("a message is explained by itself")
    func message() {
        let console = explained("c<Enter>p")
        #expect(console.line(0).contains("explained"))
        #expect(console.text.contains("MaxDeliveryCount is 10 here; delivered 10 times."))
        #expect(!console.text.contains("the group"))
    }

    @Test("an own reason says whose word it is, and whom to ask")
    func own() {
        let console = explained("cjjp", 40, 120)
        #expect(console.text.contains("the application's own"))
        #expect(console.text.contains("Delivered 1 time of at most 10: it was not tried to the end."))
        #expect(console.text.contains("team-cart, on call R. Osei: orders belongs to checkout"))
    }

    @Test("what a framework says stands in a part of its own")
    func framework() throws {
        let message = try #require(
            try? Messages.make(7) { content in
                content.applicationProperties = [
                    "MT-Reason": "fault", "MT-Fault-ExceptionType": "System.TimeoutException", "MT-Fault-Message": "gave up",
                    "MT-Fault-StackTrace": "   at Pay.Send()\n   at Host.Main()", "MT-Fault-InputAddress": "sb://sb-retail/points",
                ]
            })
        var console = ConsoleHarness(rows: 40, columns: 100) { request in
            if case .evidence = request { return .success([.evidence(DeadLetterEvidence(message))]) }
            return ConsoleHarness.usual(request)
        }
        console.type("cp")
        #expect(console.text.contains("what MassTransit says"))
        #expect(console.text.contains("Where         at Pay.Send()"))
        #expect(console.text.contains("Here          Taken from sb://sb-retail/points."))
    }

    @Test("a message that is gone is said to be")
    func gone() {
        var console = ConsoleHarness { request in
            if case .evidence = request { return .failure(OperatorError(.notFound, "Message #1 is no longer in orders.")) }
            return ConsoleHarness.usual(request)
        }
        console.type("c")
        #expect(console.text.contains("The sample is gone: somebody received it, or it expired."))
        console.type("p")
        #expect(console.text.contains("Message #1 is no longer in orders."))
    }
}
