"""Topics: copies for each subscription, rules, sub-queues of subscriptions."""

from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessagingEntityNotFoundError, ServiceBusError

from official.scenarios import scenario, subscription, text, texts

DEAD = {"sub_queue": "deadletter"}


def correlation(name, **fields):
    return {"Name": name, "Properties": {"FilterType": "Correlation", "CorrelationFilter": fields}}


def sql(name, expression):
    return {"Name": name, "Properties": {"FilterType": "Sql", "SqlFilter": {"SqlExpression": expression}}}


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one"), subscription("two")]}})
async def each_subscription_gets_its_own_copy(play):
    await play.send(
        ServiceBusMessage("happened", message_id="m", subject="OrderPlaced", application_properties={"tenant": "emea"}), topic=True
    )
    tokens = []
    for name in ("one", "two"):
        async with play.receiver(subscription=name) as receiver:
            (message,) = await play.take(receiver, 1)
            play.equal((text(message), message.message_id, message.subject), ("happened", "m", "OrderPlaced"))
            play.equal(message.application_properties, {b"tenant": b"emea"})
            play.equal(message.delivery_count, 0)
            tokens.append(message.lock_token)
            if name == "one":
                await receiver.complete_message(message)
            else:
                await receiver.abandon_message(message)
    play.equal(len(set(tokens)), 2, "locks of their own")
    play.equal(await play.left(subscription="one"), [])
    play.equal(await play.left(subscription="two"), ["happened"])


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one"), subscription("two")]}})
async def a_batch_to_a_topic_is_copied_in_order(play):
    async with play.sender(topic=True) as sender:
        await sender.send_messages([ServiceBusMessage(str(n)) for n in range(30)], timeout=10)
    for name in ("one", "two"):
        async with play.receiver(subscription=name) as receiver:
            play.equal(texts(await play.take(receiver, 30)), [str(n) for n in range(30)])


FIELDS = {
    "label": ({"Label": "red"}, {"subject": "red"}),
    "correlation": ({"CorrelationId": "high"}, {"correlation_id": "high"}),
    "message": ({"MessageId": "m-1"}, {"message_id": "m-1"}),
    "to": ({"To": "x"}, {"to": "x"}),
    "reply": ({"ReplyTo": "r"}, {"reply_to": "r"}),
    "session": ({"SessionId": "s"}, {"session_id": "s"}),
    "reply-session": ({"ReplyToSessionId": "rs"}, {"reply_to_session_id": "rs"}),
    "content": ({"ContentType": "application/json"}, {"content_type": "application/json"}),
    "property": ({"Properties": {"tenant": "emea"}}, {"application_properties": {"tenant": "emea"}}),
    "number": ({"Properties": {"priority": 3}}, {"application_properties": {"priority": 3}}),
    "truth": ({"Properties": {"urgent": True}}, {"application_properties": {"urgent": True}}),
    "both": ({"Label": "both", "Properties": {"a": "1"}}, {"subject": "both", "application_properties": {"a": "1"}}),
}


@scenario(
    queue=False,
    topics={"": {"Subscriptions": [subscription(name, [correlation("only", **fields)]) for name, (fields, _) in FIELDS.items()]}},
)
async def correlation_rules_select_by_every_field(play):
    await play.send(*(ServiceBusMessage(name, **message) for name, (_, message) in FIELDS.items()), topic=True)
    await play.send(
        ServiceBusMessage("half of both", subject="both"),
        ServiceBusMessage("wrong value", subject="RED", application_properties={"tenant": "apac", "priority": "3"}),
        ServiceBusMessage("bare"),
        topic=True,
    )
    for name in FIELDS:
        play.equal(await play.left(subscription=name), [name], f"subscription {name}")


@scenario(
    queue=False,
    topics={
        "": {
            "Subscriptions": [
                subscription("all", [sql("all", "1=1")]),
                subscription("none", [sql("none", "1=0")]),
                subscription("either", [correlation("red", Label="red"), correlation("blue", Label="blue")]),
                subscription("twice", [correlation("red", Label="red"), correlation("emea", Properties={"tenant": "emea"})]),
            ]
        }
    },
)
async def rules_of_a_subscription_are_alternatives(play):
    await play.send(
        ServiceBusMessage("red", subject="red", application_properties={"tenant": "emea"}),
        ServiceBusMessage("blue", subject="blue"),
        ServiceBusMessage("green", subject="green"),
        topic=True,
    )
    play.equal(await play.left(subscription="all"), ["red", "blue", "green"])
    play.equal(await play.left(subscription="none"), [])
    play.equal(await play.left(subscription="either"), ["red", "blue"])
    play.equal(await play.left(subscription="twice"), ["red"], "one copy, whichever rules matched")


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one", MaxDeliveryCount=2), subscription("two")]}})
async def a_subscription_has_dead_letters_of_its_own(play):
    await play.send(ServiceBusMessage("a"), ServiceBusMessage("b"), topic=True)
    async with play.receiver(subscription="one") as receiver:
        a, b = await play.take(receiver, 2)
        await receiver.dead_letter_message(a, reason="NotForUs", error_description="of one")
        await receiver.abandon_message(b)
        (b,) = await play.take(receiver, 1)
        await receiver.abandon_message(b)
    async with play.receiver(subscription="one", **DEAD) as receiver:
        dead = await play.take(receiver, 2)
        play.equal({text(each): each.dead_letter_reason for each in dead}, {"a": "NotForUs", "b": "MaxDeliveryCountExceeded"})
        for each in dead:
            await receiver.complete_message(each)
    play.equal(await play.left(subscription="one"), [])
    play.equal(await play.left(subscription="two"), ["a", "b"])
    play.equal(await play.left(subscription="two", **DEAD), [])


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one")]}})
async def a_deferred_message_of_a_subscription_waits_for_its_number(play):
    await play.send(ServiceBusMessage("later"), topic=True)
    async with play.receiver(subscription="one") as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.defer_message(message)
        (message,) = await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
        play.equal(text(message), "later")
        await receiver.renew_message_lock(message, timeout=10)
        await receiver.complete_message(message)
        play.equal(await play.peek(receiver), [])


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one")]}})
async def what_does_not_exist_or_is_not_there_to_receive_from_is_refused(play):
    with play.raises(MessagingEntityNotFoundError):
        async with play.receiver(subscription="unknown") as receiver:
            await receiver.receive_messages(max_wait_time=2)
    with play.raises(ServiceBusError):
        async with play.client.get_queue_receiver(play.name()) as receiver:
            await receiver.receive_messages(max_wait_time=2)
    with play.raises(ServiceBusError):
        async with play.client.get_queue_sender(play.name() + "/Subscriptions/one") as sender:
            await sender.send_messages(ServiceBusMessage("x"), timeout=10)


# Expression: which of MESSAGES it lets through.
EXPRESSIONS = {
    "sys.Label = 'red'": ["red"],
    "priority > 3": ["red", "blue"],
    "priority >= 4 AND tenant <> 'apac'": ["red"],
    "tenant IN ('emea', 'apac')": ["red", "blue"],
    "tenant NOT IN ('emea')": ["blue"],
    "tenant LIKE 'e%'": ["red"],
    "tenant LIKE '_pac'": ["blue"],
    "tenant IS NULL": ["bare"],
    "EXISTS(priority)": ["red", "blue"],
    "NOT (priority = 5)": ["blue"],
    "priority + 1 = 6 OR sys.MessageId = 'm-bare'": ["red", "bare"],
    "urgent = TRUE": ["blue"],
    "user.tenant = 'emea' AND sys.CorrelationId = 'c'": ["red"],
    "ratio < 0.5": ["red"],
}


@scenario(
    queue=False,
    topics={"": {"Subscriptions": [subscription(f"s{n}", [sql("only", each)]) for n, each in enumerate(EXPRESSIONS)]}},
)
async def sql_rules_select_by_their_expressions(play):
    await play.send(
        ServiceBusMessage(
            "red",
            message_id="m-red",
            subject="red",
            correlation_id="c",
            application_properties={"tenant": "emea", "priority": 5, "ratio": 0.25},
        ),
        ServiceBusMessage(
            "blue", message_id="m-blue", subject="blue", application_properties={"tenant": "apac", "priority": 4, "urgent": True, "ratio": 0.75}
        ),
        ServiceBusMessage("bare", message_id="m-bare"),
        topic=True,
    )
    for number, (expression, expected) in enumerate(EXPRESSIONS.items()):
        play.equal(await play.left(subscription=f"s{number}"), expected, expression)


def acting(name, expression, action):
    rule = sql(name, expression)
    rule["Properties"]["Action"] = {"SqlExpression": action}
    return rule


@scenario(
    queue=False,
    topics={
        "": {
            "Subscriptions": [
                subscription("sets", [acting("set", "1=1", "SET routed = 'yes'; SET priority = priority + 1; SET sys.Label = 'changed'")]),
                subscription("removes", [acting("remove", "tenant = 'emea'", "REMOVE tenant")]),
                subscription("untouched"),
            ]
        }
    },
)
async def actions_of_rules_change_their_subscriptions_copy_only(play):
    await play.send(ServiceBusMessage("a", subject="first", application_properties={"tenant": "emea", "priority": 1}), topic=True)
    expected = {
        "sets": ("changed", {b"tenant": b"emea", b"priority": 2, b"routed": b"yes"}),
        "removes": ("first", {b"priority": 1}),
        "untouched": ("first", {b"tenant": b"emea", b"priority": 1}),
    }
    for name, (subject, properties) in expected.items():
        async with play.receiver(subscription=name) as receiver:
            (message,) = await play.take(receiver, 1)
            # What an action adds beside its work is its own business.
            kept = {key: value for key, value in message.application_properties.items() if key in (b"tenant", b"priority", b"routed")}
            play.equal((message.subject, kept), (subject, properties), name)
