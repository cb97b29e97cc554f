import Testing

@testable import ServiceBus

@Suite("An action") struct SQLActionTests {
    private func changes(_ action: String, _ subject: WrittenSubject = .order, parameters: [String: FilterValue] = [:]) throws
        -> MessageChanges
    {
        try SQLAction(action, parameters: parameters).changes(to: subject)
    }

    private func user(_ action: String) throws -> [String: FilterValue?] {
        Dictionary(try changes(action).user.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    @Test("sets application properties") func sets() throws {
        #expect(try user("SET quantity = quantity / 2") == ["quantity": .integer(5)])
        #expect(try user("set source = 'routed' ; set user.[a b] = 1") == ["source": .text("routed"), "a b": .integer(1)])
        #expect(try user("SET x = price * 2 + 1") == ["x": .double(6)])
        #expect(try user("SET x = color + '-' + quantity") == ["x": .text("blue-10")])
        #expect(try user("SET x = TRUE") == ["x": .boolean(true)])
        #expect(try user("SET x = (later - when)") == ["x": .duration(ticks: 36_000_000_000)])
    }

    @Test("removes application properties, there or not") func removes() throws {
        #expect(try user("REMOVE color; REMOVE missing") == ["color": nil, "missing": nil])
    }

    @Test("reads what is not there as null") func unknownValue() throws {
        #expect(try user("SET x = missing + 1") == ["x": .unknown])
        #expect(try user("SET x = NULL") == ["x": .unknown])
    }

    @Test("sees what its earlier statements did") func sequence() throws {
        #expect(try user("SET a = 1; SET b = a + 1; SET A = b * 10") == ["a": .integer(20), "b": .integer(2)])
        #expect(try user("REMOVE color; SET x = color") == ["color": nil, "x": .unknown])
        #expect(try user("SET color = 'red'; SET x = p('color')")["x"] == .text("red"))
        #expect(try changes("SET sys.Label = 'a'; SET x = sys.Label + 'b'").user.first?.value == .text("ab"))
    }

    @Test(
        "takes statements apart with semicolons, commas or nothing",
        arguments: ["SET a = 1; SET b = 2", "SET a = 1; SET b = 2;", "SET a = 1 SET b = 2", "SET a = 1, SET b = 2", "SET a=1;\nSET b=2"])
    func separators(_ action: String) throws {
        #expect(try user(action) == ["a": .integer(1), "b": .integer(2)])
    }

    @Test("sets the properties of the service that may be set") func system() throws {
        let settable = [
            "ContentType", "CorrelationId", "Label", "Subject", "MessageId", "PartitionKey", "ReplyTo", "ReplyToSessionId", "SessionId",
            "To", "ViaPartitionKey",
        ]
        for name in settable {
            let property = try #require(SystemProperty(named: name))
            #expect(try changes("SET sys.\(name) = 'low'").system == [property: .text("low")], "\(name)")
            #expect(try changes("REMOVE sys.\(name)").system == [property: .unknown], "\(name)")
        }
        #expect(try changes("SET sys.TimeToLive = hour").system == [.timeToLive: .duration(ticks: 36_000_000_000)])
        #expect(try changes("SET sys.TimeToLive = 'PT1H'").system == [.timeToLive: .duration(ticks: 36_000_000_000)])
        #expect(
            try changes("SET sys.ScheduledEnqueueTimeUtc = later").system == [
                .scheduledEnqueueTime: .moment(Timestamp(milliseconds: 1_767_229_200_000))
            ])
        #expect(try changes("SET sys.Label = quantity").system == [.label: .text("10")], "converted to text")
    }

    @Test(
        "cannot change what only the service sets",
        arguments: [
            "DeliveryCount", "EnqueuedTimeUtc", "SequenceNumber", "EnqueuedSequenceNumber", "Size", "State", "LockToken", "LockedUntilUtc",
            "ExpiresAtUtc", "DeadLetterSource",
        ])
    func readOnly(_ name: String) throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLAction("SET a = 1; SET sys.\(name) = 1") }
        #expect(error.problem == "sys.\(name) is set by the service and cannot be changed")
        #expect(error.column == 12)
        #expect(throws: FilterSyntaxError.self) { try SQLAction("REMOVE sys.\(name)") }
    }

    @Test("fails on properties the service does not have, and on values of the wrong type, changing nothing") func failures() throws {
        func reason(_ action: String) throws -> FilterEvaluationError.Reason {
            try #require(throws: FilterEvaluationError.self) { try changes(action) }.reason
        }
        #expect(try reason("SET a = 1; SET sys.Foo = 1") == .unknownSystemProperty)
        #expect(try reason("REMOVE sys.Foo") == .unknownSystemProperty)
        #expect(try reason("SET a = sys.Foo") == .unknownSystemProperty)
        #expect(try reason("SET sys.TimeToLive = 5") == .notSettable)
        #expect(try reason("SET sys.ScheduledEnqueueTimeUtc = 'soon'") == .notSettable)
        #expect(try reason("SET a = quantity / 0") == .divisionByZero)
        #expect(try reason("SET a = raw") == .notSettable)
        #expect(try reason("SET a = ok + 1") == .typeMismatch)
    }

    @Test("has parameters") func parameters() throws {
        let moment = FilterValue.moment(Timestamp(milliseconds: 1))
        #expect(try changes("SET Priority = @param", parameters: ["@param": moment]).user.first?.value == moment)
        #expect(throws: FilterSyntaxError.self) { try SQLAction("SET Priority = @param") }
    }

    @Test(
        "is refused where it goes wrong",
        arguments: [
            ("", 1, "expected SET or REMOVE"), ("x = 1", 1, "expected SET or REMOVE"),
            ("SET x", 6, "expected '=' after the property to set"),
            ("SET x = ", 9, "expected a value"), ("SET = 1", 5, "expected the property to set"),
            ("REMOVE", 7, "expected the property to remove"),
            ("SET x = 1 = 2", 11, "expected SET or REMOVE"), ("SET x = (a = 1)", 10, "expected a value, but this is a condition"),
            ("REMOVE 'x'", 8, "expected the property to remove"),
            ("SET x = 1; DELETE y", 12, "expected SET or REMOVE"), ("SET x = 1;; SET y = 2", 11, "expected SET or REMOVE"),
            ("SET 'x' = 1", 5, "expected the property to set"),
        ])
    func mistakes(_ action: String, _ column: Int, _ problem: String) throws {
        let error = try #require(throws: FilterSyntaxError.self) { try SQLAction(action) }
        #expect(error.column == column, "\(error)")
        #expect(error.problem.hasPrefix(problem), "\(error)")
    }

    @Test("has at most 32 statements and 1,024 characters") func limits() throws {
        _ = try SQLAction(Array(repeating: "SET a=1", count: 32).joined(separator: ";"))
        #expect(throws: FilterSyntaxError.self) { try SQLAction(Array(repeating: "SET a=1", count: 33).joined(separator: ";")) }
        #expect(throws: FilterSyntaxError.self) { try SQLAction("SET a = '" + String(repeating: "x", count: 1020) + "'") }
    }

    @Test("prints canonically") func printing() throws {
        #expect(
            try SQLAction("set  QTY=(qty/2) ,remove sys.subject set [a b]=p('x')").description
                == "SET QTY = qty / 2; REMOVE sys.Label; SET [a b] = property('x')")
    }
}
