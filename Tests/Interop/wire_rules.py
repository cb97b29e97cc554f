"""Rules over AMQP: added, removed and listed on the management node of a subscription, with the described types of the service."""

from proton import Message, int32

import wire
from wire_protocol import checks, client, equal, is_kind, topic, well_formed

# The descriptors as Microsoft's clients know them. The filters have one zero less than the rest: not a slip.
RULE, EMPTY_ACTION, SQL_ACTION = 0x13700000004, 0x13700000005, 0x13700000006
SQL, TRUE, FALSE, CORRELATION = 0x1370000006, 0x1370000007, 0x1370000008, 0x1370000009


def path(subscription):
    return f"{topic.events}/Subscriptions/{subscription}"


def rules(raw, subscription, top=100, skip=0):
    """What enumerate-rules gives: {name: (filter's descriptor, its fields, action's descriptor, its fields)}."""
    answer = well_formed(raw.manage(path(subscription), "enumerate-rules", {"top": int32(top), "skip": int32(skip)}))
    if answer.status == 204:
        return {}
    equal(answer.status, 200, answer.text)
    is_kind(answer.body["rules"], "list")
    found = {}
    for entry in answer.body["rules"]:
        is_kind(entry, "map")
        rule = entry["rule-description"]
        is_kind(rule, "described")
        is_kind(rule.descriptor, "ulong", "the descriptor of a rule")
        equal(int(rule.descriptor), RULE)
        selects, acts, name = rule.value[:3]
        is_kind(name, "string")
        for part in (selects, acts):
            is_kind(part, "described")
            is_kind(part.descriptor, "ulong")
            is_kind(part.value, "list")
        if len(rule.value) > 3 and rule.value[3] is not None:
            is_kind(rule.value[3], "timestamp", "created-at")
        found[name] = (int(selects.descriptor), selects.value, int(acts.descriptor), acts.value)
    return found


def add(raw, subscription, name, description):
    return well_formed(raw.manage(path(subscription), "add-rule", {"rule-name": name, "rule-description": description}))


def remove(raw, subscription, name):
    return well_formed(raw.manage(path(subscription), "remove-rule", {"rule-name": name}))


@checks.step("a subscription begins with the rule $Default, which is true for all")
def default_rule():
    with client() as raw:
        found = rules(raw, "described")
        equal(list(found), ["$Default"])
        selects, _, acts, fields = found["$Default"]
        assert selects in (TRUE, SQL), f"{selects:#x}"
        equal((acts, fields), (EMPTY_ACTION, []))


@checks.step("rules are added, decide what comes, and are removed")
def rules_decide():
    with client() as raw:
        equal(add(raw, "rules", "red", {"correlation-filter": {"label": "red", "properties": {"tenant": "emea"}}}).status, 200)
        equal(remove(raw, "rules", "$Default").status, 200)
        equal(list(rules(raw, "rules")), ["red"])
        sender = raw.sender(topic.events)
        for subject, tenant in (("red", "emea"), ("red", "apac"), ("blue", "emea")):
            equal(raw.send(sender, Message(body=f"{subject} {tenant}", subject=subject, properties={"tenant": tenant}))[0], wire.ACCEPTED)
        equal(raw.bodies(path("rules")), ["red emea"])
        equal(remove(raw, "rules", "red").status, 200)
        equal(raw.send(sender, Message(body="nobody's", subject="red", properties={"tenant": "emea"}))[0], wire.ACCEPTED)
        equal(raw.bodies(path("rules")), ["red emea"], "without a rule nothing comes")


@checks.step("a correlation filter comes back as a list of its fields in their order")
def correlation_fields():
    fields = ("correlation-id", "message-id", "to", "reply-to", "label", "session-id", "reply-to-session-id", "content-type")
    properties = {"text": "emea", "number": 7, "truth": True}
    with client() as raw:
        wanted = {field: f"the {field}" for field in fields}
        equal(add(raw, "filtered", "all", {"correlation-filter": {**wanted, "properties": properties}}).status, 200)
        equal(add(raw, "filtered", "one", {"correlation-filter": {"label": "only"}}).status, 200)
        found = rules(raw, "filtered")
        descriptor, values, acts, _ = found["all"]
        equal((descriptor, acts), (CORRELATION, EMPTY_ACTION))
        equal(values[:8], [f"the {field}" for field in fields])
        is_kind(values[8], "map")
        equal(values[8], properties)
        is_kind(values[8]["number"], "long")
        equal(found["one"][1][:8], [None, None, None, None, "only", None, None, None])


@checks.step("SQL filters and actions come back as they were given")
def sql_fields():
    with client() as raw:
        expression = "tenant = 'emea' AND priority > 3"
        added = add(raw, "described", "sql", {"sql-filter": {"expression": expression}, "sql-rule-action": {"expression": "SET routed = 1"}})
        equal(added.status, 200, added.text)
        descriptor, values, acts, fields = rules(raw, "described")["sql"]
        equal((descriptor, values[0]), (SQL, expression))
        equal((acts, fields[0]), (SQL_ACTION, "SET routed = 1"))
        for part in (values, fields):
            if len(part) > 1 and part[1] is not None:
                is_kind(part[1], "int", "the compatibility level")


@checks.step("rules are listed in pages")
def pages():
    with client() as raw:
        for number in range(5):
            equal(add(raw, "paged", f"r{number}", {"correlation-filter": {"label": str(number)}}).status, 200)
        everything = list(rules(raw, "paged"))
        equal(sorted(everything), ["$Default", "r0", "r1", "r2", "r3", "r4"])
        seen = []
        while page := rules(raw, "paged", top=4, skip=len(seen)):
            seen += page
            assert len(page) <= 4
        equal(seen, everything)


@checks.step("a rule that is there, one that is not, and one that makes no sense are refused")
def refusals():
    with client() as raw:
        equal(add(raw, "guarded", "r", {"correlation-filter": {"label": "x"}}).status, 200)
        twice = add(raw, "guarded", "r", {"correlation-filter": {"label": "y"}})
        equal((twice.status, twice.condition), (409, "com.microsoft:entity-already-exists"))
        missing = remove(raw, "guarded", "no such rule")
        equal(missing.status, 404)
        assert missing.condition in ("amqp:not-found", "com.microsoft:entity-not-found"), missing.condition
        for name, description in (("s", {"sql-filter": {"expression": "(("}}), ("n", {}), ("", {"correlation-filter": {"label": "x"}})):
            answer = add(raw, "guarded", name, description)
            equal(answer.status, 400, f"{name} {description}: {answer.text}")
        equal(sorted(rules(raw, "guarded")), ["$Default", "r"])
