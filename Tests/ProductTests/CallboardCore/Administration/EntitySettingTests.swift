import ServiceBus
import Testing

@testable import CallboardCore

@Suite("The table of settings")
struct EntitySettingTests {
    private func setting(_ name: String, _ kind: EntityTarget.Kind = .queue) throws -> EntitySetting {
        try EntitySetting.named(name, of: kind)
    }

    @Test("names every element that the service's order of elements has, but for those that nobody sets")
    func complete() {
        let notSet: Set<String> = [
            "SizeInBytes", "MessageCount", "IsAnonymousAccessible", "AuthorizationRules", "CreatedAt", "UpdatedAt", "AccessedAt",
            "CountDetails", "SubscriptionCount", "EntityAvailabilityStatus", "FilteringMessagesBeforePublishing",
            "EnableSubscriptionPartitioning", "DefaultRuleDescription", "IsClientAffine",
        ]
        for kind in [EntityDescription.Kind.queue, .topic, .subscription] {
            let elements = EntitySetting.all(of: EntityTarget.Kind(kind)).map(\.element)
            #expect(Set(elements) == Set(EntityDefinition.order(kind)).subtracting(notSet), "\(kind)")
            #expect(Set(elements).count == elements.count, "each once")
        }
        #expect(Set(EntitySetting.table.map(\.name)).count == EntitySetting.table.count)
    }

    @Test(
        "reads durations as people write them, and writes them the shortest way",
        arguments: [
            ("90s", "1m30s", "PT1M30S"), ("1h30m", "1h30m", "PT1H30M"), ("14d", "14d", "P14D"), ("PT1M", "1m", "PT1M"),
            ("1500ms", "1s500ms", "PT1.5S"), ("1d 2h", "1d2h", "P1DT2H"), ("Forever", "forever", "P10675199DT2H48M5.4775807S"),
            ("P10675199DT2H48M5.477539S", "forever", "P10675199DT2H48M5.4775807S"), ("PT1.0000005S", "PT1.0000005S", "PT1.0000005S"),
        ])
    func durations(text: String, shown: String, wire: String) throws {
        let setting = try setting("default-time-to-live")
        let checked = try setting.checked(text)
        #expect(checked == shown)
        #expect(setting.wire(fromText: checked) == wire)
        #expect(setting.text(fromWire: wire) == shown)
    }

    @Test(
        "says what a value must be",
        arguments: [
            ("lock-duration", "6m", "lock-duration must be from 1s to 5m, not 6m"),
            ("lock-duration", "forever", "lock-duration must be from 1s to 5m, not for ever"),
            ("lock-duration", "soon", "lock-duration must be a duration, for instance 30s, 1h30m or 14d (from 1s to 5m), not 'soon'"),
            ("lock-duration", "5m5m", "lock-duration must be a duration, for instance 30s, 1h30m or 14d (from 1s to 5m), not '5m5m'"),
            ("auto-delete-on-idle", "1m", "auto-delete-on-idle must be 5m or longer, or forever, not 1m"),
            ("max-delivery-count", "0", "max-delivery-count must be a whole number from 1 to 2000, not '0'"),
            ("requires-session", "maybe", "requires-session is true or false, not 'maybe'"),
            ("status", "off", "status is one of active, send-disabled, receive-disabled, disabled, not 'off'"),
            (
                "default-time-to-live", "99999999999999999d",
                "default-time-to-live must be a duration, for instance 30s, 1h30m or 14d (1s or longer, or forever), not '99999999999999999d'"
            ),
        ])
    func problems(name: String, text: String, message: String) throws {
        let problem = #expect(throws: SettingProblem.self) { try setting(name).checked(text) }
        #expect(problem?.description == message)
    }

    @Test("takes the service's own words for words")
    func words() throws {
        #expect(try setting("status").checked("SendDisabled") == "send-disabled")
        #expect(try setting("status").wire(fromText: "receive-disabled") == "ReceiveDisabled")
        #expect(try setting("status").text(fromWire: "Disabled") == "disabled")
        #expect(try setting("requires-session").checked(" Yes ") == "true")
        #expect(try setting("forward-to").checked("sb://ns.servicebus.windows.net/orders/") == "orders")
        #expect(try setting("forward-to").text(fromWire: "https://ns.servicebus.windows.net/orders") == "orders")
        #expect(throws: SettingProblem.self) { try setting("forward-to").checked("events/Subscriptions/billing") }
        #expect(throws: SettingProblem.self) { try setting("user-metadata").checked(String(repeating: "x", count: 1025)) }
    }

    @Test("guesses what was meant, and says who has a setting")
    func names() throws {
        let slip = #expect(throws: OperatorError.self) { try setting("lock-duraton") }
        #expect(slip?.hint == "Did you mean lock-duration?")
        let elsewhere = #expect(throws: OperatorError.self) { try setting("lock-duration", .topic) }
        #expect(elsewhere?.message == "A topic has no lock-duration: that is a setting of a queue, subscription.")
        #expect(elsewhere?.exitCode == 2)
    }

    @Test(
        "reads typed properties on one line, and writes them so that they read the same",
        arguments: [
            ("region=eu", "region=eu"), ("region=eu; quantity:=3;", "region=eu; quantity:long=3"),
            ("a:INT=1;b:double=2.5 ; c:boolean=true", "a:int=1; b:double=2.5; c:boolean=true"), ("x='it''s; so'", "x='it''s; so'"),
            ("x=' padded '", "x=' padded '"), ("x='plain'", "x=plain"), ("x=", "x="),
            ("a:=maybe; t:=true; d:=1.5", "a=maybe; t:boolean=true; d:double=1.5"),
            ("since:dateTime=2026-11-25T00:00:00Z", "since:dateTime=2026-11-25T00:00:00Z"), ("", ""), ("url=a=b", "url=a=b"),
        ])
    func properties(text: String, canonical: String) throws {
        let setting = try setting("properties", .rule)
        #expect(try setting.checked(text) == canonical)
        #expect(try setting.checked(canonical) == canonical)
    }

    @Test(
        "says what is wrong with properties",
        arguments: [
            ("region", "'region' is not of the form name=value"), ("a=1; a=2", "'a' is there twice"),
            ("x='open", "the apostrophe before 'open' is never closed"),
            ("n:long=many", "'many' is no value of type long"),
            ("n:uuid=1", "'uuid' is no type: there is string, int, long, double, boolean, dateTime, duration"),
            ("=1", "a value has no name"), ("a='b' c", "after 'b' there must be a semicolon"),
        ])
    func wrongProperties(text: String, message: String) throws {
        let problem = #expect(throws: SettingProblem.self) { try setting("properties", .rule).checked(text) }
        #expect(problem?.description == "properties is a list like region=eu; quantity:long=3: \(message)")
    }

    @Test("names what is meant by kind and name")
    func targets() throws {
        #expect(try EntityTarget(.queue, named: "a/b") == .queue(.queue("a/b")))
        let subscription = try EntityPath.subscription(topic: "a/b", name: "c")
        #expect(try EntityTarget(.subscription, named: "a/b/c") == .subscription(subscription))
        #expect(try EntityTarget(.subscription, named: "a/b/Subscriptions/c") == .subscription(subscription))
        #expect(try EntityTarget(.rule, named: "a/b/c/$Default") == .rule("$Default", of: subscription))
        #expect(try EntityTarget(.rule, named: "a/b/subscriptions/c/rules/r").name == "a/b/c/r")
        for (kind, name) in [(EntityTarget.Kind.subscription, "orders"), (.rule, "t/s"), (.queue, "a b"), (.queue, ""), (.rule, "t/s/")] {
            let error = #expect(throws: OperatorError.self, "\(kind) \(name)") { try EntityTarget(kind, named: name) }
            #expect(error?.exitCode == 2)
        }
    }
}
