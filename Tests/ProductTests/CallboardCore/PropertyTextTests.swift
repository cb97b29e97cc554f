import CallboardCore
import ServiceBus
import Testing

/// Application properties as an operator types them.
@Suite struct PropertyTextTests {
    @Test(
        "text after =, a typed value after :=",
        arguments: [
            ("region=eu", "region", "string", PropertyValue.Content.text("eu")), ("n:=3", "n", "long", .integer(3)),
            ("r:=2.5", "r", "double", .number(2.5)), ("b:=true", "b", "boolean", .boolean(true)), ("x:=null", "x", "null", .null),
            ("n=3", "n", "string", .text("3")), ("a=b=c", "a", "string", .text("b=c")), ("e=", "e", "string", .text("")),
        ])
    func reads(_ text: String, _ name: String, _ type: String, _ content: PropertyValue.Content) throws {
        let property = try PropertyText.parse(text)
        #expect(property.name == name)
        #expect(property.value == PropertyValue(typeName: type, content: content))
        #expect(PropertyText.text(property) == text)
    }

    @Test(
        "says what is wrong",
        arguments: [
            ("region", "is not of the form name=value"), ("=eu", "has no name before the ="), (":=3", "has no name before the :="),
            ("n:=many", "has no number, true, false or null after the :=; text is written name=text"),
        ])
    func problems(_ text: String, _ problem: String) {
        #expect(throws: PropertyText.Problem(description: problem)) { try PropertyText.parse(text) }
    }
}
