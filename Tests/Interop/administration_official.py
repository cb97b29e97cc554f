#!/usr/bin/env python3
"""The official administration client, blocking and asynchronous, does everything it can over HTTPS: it creates, reads, lists, changes and
deletes queues, topics, subscriptions and rules on sandboxes of both tiers, and on one started from a Config.json of the shape that
Microsoft publishes for its emulator. Whatever the sandbox says must arrive in the client's own types.

usage: administration_official.py [PART OF A STEP'S NAME]
CALLBOARD names the executable (default .build/debug/callboard). The last lines count steps and assertions.
"""

import asyncio
import datetime
import inspect
import json
import pathlib
import sys
import tempfile

import isodate
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.aio.management import ServiceBusAdministrationClient as AsynchronousClient
from azure.servicebus.management import (
    AccessRights,
    AuthorizationRule,
    CorrelationRuleFilter,
    FalseRuleFilter,
    ServiceBusAdministrationClient,
    SqlRuleAction,
    SqlRuleFilter,
    TrueRuleFilter,
)

import callboard
from checks import Checks, Skipped
from official.clients import Threaded

checks = Checks("official administration client over HTTPS")
assertions = 0
sandboxes = {}

# What this sandbox is started with, by the name the steps know it by.
ARGUMENTS = {
    "standard": ("--https-port", "0", "--amqps-port", "0"),
    "premium": ("--https-port", "0", "--tier", "premium"),
    "throttled": ("--https-port", "0", "--credits-per-second", "50"),
    "config": ("--https-port", "0"),
}

FOREVER = datetime.timedelta(days=10_675_199)


def sandbox(kind="standard"):
    if kind not in sandboxes:
        config = None
        if kind == "config":
            folder = tempfile.TemporaryDirectory()
            checks.cleanup(folder.cleanup)
            config = pathlib.Path(folder.name) / "Config.json"
            config.write_text(PUBLISHED_SHAPE, encoding="utf-8")
        sandboxes[kind] = callboard.Sandbox(*ARGUMENTS[kind], config=config).start()
    return sandboxes[kind]


@checks.cleanup
def stop_sandboxes():
    for each in sandboxes.values():
        each.stop()


class Session:
    """One client, and what its steps say about it."""

    def __init__(self, flavour, kind, credentials=None, **options):
        ready = sandbox(kind).ready
        credentials = credentials or f"SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}"
        string = f"Endpoint=sb://127.0.0.1:{ready['httpsPort']};{credentials}"
        options = {"connection_verify": ready["caFile"], "retry_total": 0, **options}
        self.flavour, self.kind, self.ready = flavour, kind, ready
        if flavour == "sync":
            self.admin = Threaded(ServiceBusAdministrationClient.from_connection_string(string, **options))
        else:
            self.admin = AsynchronousClient.from_connection_string(string, **options)

    def name(self, text):
        """A name of this step's own."""
        return f"{text}.{self.flavour}"

    def true(self, condition, what):
        global assertions
        assertions += 1
        assert condition, what

    def equal(self, actual, expected, what=""):
        self.true(actual == expected, f"{what} is {actual!r}, not {expected!r}")

    def lasts(self, actual, expected, what=""):
        """Durations come as timedelta or as ISO 8601 text, depending on the client's mood."""
        actual, expected = (isodate.parse_duration(each) if isinstance(each, str) else each for each in (actual, expected))
        self.true(actual == expected or (actual >= FOREVER and expected >= FOREVER), f"{what} lasts {actual!r}, not {expected!r}")

    async def raises(self, kind, awaitable, *words, status=None):
        global assertions
        assertions += 1
        try:
            await awaitable
        except kind as error:
            if status is not None:
                self.equal(getattr(error, "status_code", None), status, "the status")
            for word in words:
                self.true(word in str(error), f"{word!r} is not in {error}")
            return error
        raise AssertionError(f"{kind.__name__} was not raised")

    @staticmethod
    async def all(paged):
        """Everything in a list, whichever client it is of."""
        if inspect.isawaitable(paged):
            paged = await paged
        return [element async for element in paged]

    async def names(self, paged):
        return [element.name for element in await self.all(paged)]


def step(title, kind="standard", seconds=60, **options):
    """Registers a step that runs once with each client."""

    def register(function):
        for flavour in ("sync", "async"):

            def run(flavour=flavour):
                async def play():
                    session = Session(flavour, kind, **options)
                    async with session.admin:
                        await function(session)

                asyncio.run(play())

            checks.step(f"{title} ({flavour})", seconds)(run)
        return function

    return register


# What a setting may be given as, and whether durations are compared.
QUEUE_SETTINGS = [
    ("lock_duration", datetime.timedelta(seconds=13)),
    ("max_size_in_megabytes", 3072),
    ("requires_duplicate_detection", True),
    ("requires_session", True),
    ("default_message_time_to_live", datetime.timedelta(minutes=11)),
    ("dead_lettering_on_message_expiration", True),
    ("duplicate_detection_history_time_window", datetime.timedelta(minutes=12)),
    ("max_delivery_count", 14),
    ("enable_batched_operations", False),
    ("enable_express", True),
    ("enable_partitioning", True),
    ("auto_delete_on_idle", datetime.timedelta(minutes=10)),
    ("user_metadata", "owner: <team> & \"friends\" – ü"),
]
TOPIC_SETTINGS = [
    ("default_message_time_to_live", datetime.timedelta(days=2, hours=3, minutes=4, seconds=5)),
    ("max_size_in_megabytes", 2048),
    ("requires_duplicate_detection", True),
    ("duplicate_detection_history_time_window", datetime.timedelta(hours=1)),
    ("enable_batched_operations", False),
    ("support_ordering", False),
    ("auto_delete_on_idle", datetime.timedelta(minutes=30)),
    ("enable_partitioning", True),
    ("enable_express", True),
    ("user_metadata", "a topic"),
]
SUBSCRIPTION_SETTINGS = [
    ("lock_duration", datetime.timedelta(seconds=45)),
    ("requires_session", True),
    ("default_message_time_to_live", datetime.timedelta(hours=5)),
    ("dead_lettering_on_message_expiration", True),
    ("dead_lettering_on_filter_evaluation_exceptions", False),
    ("max_delivery_count", 3),
    ("enable_batched_operations", False),
    ("auto_delete_on_idle", datetime.timedelta(days=1)),
    ("user_metadata", "a subscription"),
]
FIXED = ("requires_duplicate_detection", "requires_session", "enable_partitioning")


def matches(t, actual, name, expected, created):
    if name == "max_size_in_megabytes" and created.get("enable_partitioning"):
        expected *= 16
    if isinstance(expected, datetime.timedelta):
        t.lasts(getattr(actual, name), expected, name)
    else:
        t.equal(getattr(actual, name), expected, name)


async def one_setting_at_a_time(t, settings, create, get, delete, defaults):
    """Each setting alone comes back as it was given, and leaves the others at their defaults."""
    for name, value in settings:
        entity = t.name(name.replace("_", "-"))
        created = await create(entity, **{name: value})
        alone = await get(entity)
        t.equal(dict(created), dict(alone), f"{name}: what creation answered")
        matches(t, alone, name, value, {})
        for other, default in defaults.items():
            # Partitions make an entity sixteen times as large.
            if other != name and not (name == "enable_partitioning" and other == "max_size_in_megabytes"):
                matches(t, alone, other, default, {})
        await delete(entity)


@step("a queue has each setting that it is created with, and the service's defaults otherwise")
async def queue_settings(t):
    defaults = {
        "lock_duration": datetime.timedelta(minutes=1), "max_size_in_megabytes": 1024, "requires_duplicate_detection": False,
        "requires_session": False, "default_message_time_to_live": FOREVER, "dead_lettering_on_message_expiration": False,
        "duplicate_detection_history_time_window": datetime.timedelta(minutes=10), "max_delivery_count": 10,
        "enable_batched_operations": True, "enable_express": False, "enable_partitioning": False, "auto_delete_on_idle": FOREVER,
        "user_metadata": None, "status": "Active", "availability_status": "Available", "forward_to": None,
        "max_message_size_in_kilobytes": 256,
    }
    await one_setting_at_a_time(t, QUEUE_SETTINGS, t.admin.create_queue, t.admin.get_queue, t.admin.delete_queue, defaults)


@step("a topic has each setting that it is created with")
async def topic_settings(t):
    defaults = {
        "max_size_in_megabytes": 1024, "requires_duplicate_detection": False, "default_message_time_to_live": FOREVER,
        "duplicate_detection_history_time_window": datetime.timedelta(minutes=10), "enable_batched_operations": True,
        "enable_express": False, "enable_partitioning": False, "auto_delete_on_idle": FOREVER, "user_metadata": None,
        "status": "Active", "filtering_messages_before_publishing": False,
    }
    await one_setting_at_a_time(t, TOPIC_SETTINGS, t.admin.create_topic, t.admin.get_topic, t.admin.delete_topic, defaults)


@step("a subscription has each setting that it is created with")
async def subscription_settings(t):
    topic = t.name("subscription-settings")
    await t.admin.create_topic(topic)
    defaults = {
        "lock_duration": datetime.timedelta(minutes=1), "requires_session": False, "default_message_time_to_live": FOREVER,
        "dead_lettering_on_message_expiration": False, "dead_lettering_on_filter_evaluation_exceptions": True, "max_delivery_count": 10,
        "enable_batched_operations": True, "auto_delete_on_idle": FOREVER, "user_metadata": None, "status": "Active",
    }
    async def create(name, **options):
        return await t.admin.create_subscription(topic, name[:50], **options)

    async def get(name):
        return await t.admin.get_subscription(topic, name[:50])

    async def delete(name):
        await t.admin.delete_subscription(topic, name[:50])

    await one_setting_at_a_time(t, SUBSCRIPTION_SETTINGS, create, get, delete, defaults)
    await t.admin.delete_topic(topic)


@step("a queue with everything set is changed in everything that can be changed")
async def queue_update(t):
    name = t.name("queue-update")
    created = {name: value for name, value in QUEUE_SETTINGS if name not in (*FIXED, "enable_express")}
    await t.admin.create_queue(name, **created)
    queue = await t.admin.get_queue(name)
    changes = [
        ("lock_duration", datetime.timedelta(minutes=2)), ("max_size_in_megabytes", 4096),
        ("default_message_time_to_live", datetime.timedelta(days=3)), ("dead_lettering_on_message_expiration", False),
        ("duplicate_detection_history_time_window", datetime.timedelta(minutes=5)), ("max_delivery_count", 99),
        ("enable_batched_operations", True), ("enable_express", True), ("auto_delete_on_idle", datetime.timedelta(hours=1)),
        ("user_metadata", "changed"), ("status", "ReceiveDisabled"),
    ]
    expected = dict(queue)
    for setting, value in changes:
        setattr(queue, setting, value)
        await t.admin.update_queue(queue)
        queue = await t.admin.get_queue(name)
        matches(t, queue, setting, value, {})
        for other in ("lock_duration", "max_delivery_count", "user_metadata", "status", "max_size_in_megabytes"):
            if other == setting:
                expected[other] = getattr(queue, other)
            t.equal(getattr(queue, other), expected[other], f"{other} after {setting} was changed")
    before = (await t.admin.get_queue_runtime_properties(name)).updated_at_utc
    await t.admin.update_queue(queue, max_delivery_count=7)
    t.equal((await t.admin.get_queue(name)).max_delivery_count, 7)
    runtime = await t.admin.get_queue_runtime_properties(name)
    t.true(runtime.updated_at_utc >= before > runtime.created_at_utc, "a change moves the time of the last change only")
    await t.admin.delete_queue(name)


@step("a topic and its subscription are changed")
async def topic_update(t):
    name = t.name("topic-update")
    topic = await t.admin.create_topic(name)
    for setting, value in [
        ("default_message_time_to_live", datetime.timedelta(minutes=2)), ("max_size_in_megabytes", 5120),
        ("duplicate_detection_history_time_window", datetime.timedelta(minutes=1)), ("enable_batched_operations", False),
        ("support_ordering", False), ("auto_delete_on_idle", datetime.timedelta(minutes=5)), ("user_metadata", "x"),
        ("status", "Disabled"), ("status", "Active"),
    ]:
        setattr(topic, setting, value)
        await t.admin.update_topic(topic)
        topic = await t.admin.get_topic(name)
        matches(t, topic, setting, value, {})
    subscription = await t.admin.create_subscription(name, "s")
    for setting, value in [
        ("lock_duration", datetime.timedelta(seconds=12)), ("default_message_time_to_live", datetime.timedelta(minutes=11)),
        ("dead_lettering_on_message_expiration", True), ("dead_lettering_on_filter_evaluation_exceptions", False),
        ("max_delivery_count", 14), ("auto_delete_on_idle", datetime.timedelta(minutes=10)), ("user_metadata", "y"),
        ("status", "ReceiveDisabled"), ("enable_batched_operations", False),
    ]:
        setattr(subscription, setting, value)
        await t.admin.update_subscription(name, subscription)
        subscription = await t.admin.get_subscription(name, "s")
        matches(t, subscription, setting, value, {})
    runtime = await t.admin.get_topic_runtime_properties(name)
    t.equal(runtime.subscription_count, 1)
    await t.admin.delete_topic(name)
    await t.raises(ResourceNotFoundError, t.admin.get_subscription(name, "s"))


@step("what is fixed for an entity's life cannot be changed")
async def fixed(t):
    name = t.name("fixed")
    await t.admin.create_queue(name)
    for setting, words in [
        ("requires_session", "The value for the RequiresSession property of an existing Queue cannot be changed."),
        ("requires_duplicate_detection", "The value for the RequiresDuplicateDetection property of an existing Queue cannot be changed."),
        ("enable_partitioning", "Partitioning cannot be changed for Queue"),
    ]:
        queue = await t.admin.get_queue(name)
        setattr(queue, setting, True)
        await t.raises(HttpResponseError, t.admin.update_queue(queue), words, "SubCode=40000", status=400)
        t.equal(getattr(await t.admin.get_queue(name), setting), False, setting)
    await t.admin.create_topic(t.name("fixed-topic"))
    subscription = await t.admin.create_subscription(t.name("fixed-topic"), "s")
    subscription.requires_session = True
    await t.raises(HttpResponseError, t.admin.update_subscription(t.name("fixed-topic"), subscription), "RequiresSession", status=400)


@step("values out of range are refused and nothing is made")
async def ranges(t):
    name = t.name("ranges")
    for options, words in [
        ({"lock_duration": datetime.timedelta(days=25)}, "exceeds the allowed maximum of '5' minutes"),
        ({"max_delivery_count": 0}, "MaxDeliveryCount"),
        ({"max_size_in_megabytes": 16384}, "The specified value 16384 is invalid."),
        ({"duplicate_detection_history_time_window": datetime.timedelta(days=8)}, "7.00:00:00"),
        ({"auto_delete_on_idle": datetime.timedelta(minutes=4)}, "AutoDeleteOnIdle"),
        ({"max_message_size_in_kilobytes": 1023}, "MaxMessageSizeInKilobytes"),
        ({"default_message_time_to_live": datetime.timedelta(0)}, "DefaultMessageTimeToLive"),
        ({"user_metadata": "x" * 1025}, "UserMetadata"),
        ({"requires_duplicate_detection": True, "enable_express": True}, "cannot be enabled together"),
    ]:
        await t.raises(HttpResponseError, t.admin.create_queue(name, **options), words, "TrackingId:", status=400)
        await t.raises(ResourceNotFoundError, t.admin.get_queue(name))
    queue = await t.admin.create_queue(name)
    queue.lock_duration = datetime.timedelta(days=25)
    await t.raises(HttpResponseError, t.admin.update_queue(queue), "Actual value was 25.00:00:00.", status=400)
    t.lasts((await t.admin.get_queue(name)).lock_duration, datetime.timedelta(minutes=1))
    for bad in ("a b", "-a", "a?", "ü"):
        await t.raises(HttpResponseError, t.admin.create_queue(bad), status=400)


@step("what exists is not made again, and what does not exist is not found")
async def existence(t):
    queue, topic = t.name("exists-queue"), t.name("exists-topic")
    await t.admin.create_queue(queue)
    await t.admin.create_topic(topic)
    await t.admin.create_subscription(topic, "s")
    await t.admin.create_rule(topic, "s", "r", filter=TrueRuleFilter())
    for again in (
        t.admin.create_queue(queue), t.admin.create_topic(topic), t.admin.create_queue(topic), t.admin.create_topic(queue.upper()),
        t.admin.create_subscription(topic, "s"), t.admin.create_rule(topic, "s", "r", filter=TrueRuleFilter()),
    ):
        await t.raises(ResourceExistsError, again, status=409)
    ghost, listed = t.name("ghost"), await t.admin.get_queue(queue)
    listed.name = ghost
    subscription, rule = await t.admin.get_subscription(topic, "s"), await t.admin.get_rule(topic, "s", "r")
    other_topic = await t.admin.get_topic(topic)
    other_topic.name, subscription.name, rule.name = ghost, "ghost", "ghost"
    for missing in (
        t.admin.update_queue(listed), t.admin.update_topic(other_topic), t.admin.update_subscription(topic, subscription),
        t.admin.update_subscription(ghost, subscription), t.admin.update_rule(topic, "s", rule), t.admin.update_rule(topic, "ghost", rule),
        t.admin.delete_queue(ghost), t.admin.delete_topic(ghost), t.admin.delete_subscription(topic, "ghost"),
        t.admin.delete_subscription(ghost, "s"), t.admin.delete_rule(topic, "s", "ghost"), t.admin.delete_rule(topic, "ghost", "r"),
        t.admin.delete_rule(ghost, "s", "r"), t.admin.get_queue(ghost), t.admin.get_topic(ghost), t.admin.get_subscription(topic, "ghost"),
        t.admin.get_rule(topic, "s", "ghost"), t.admin.get_queue_runtime_properties(ghost), t.admin.get_topic_runtime_properties(ghost),
        t.admin.get_subscription_runtime_properties(topic, "ghost"), t.admin.create_subscription(ghost, "s"),
        t.admin.create_rule(topic, "ghost", "r", filter=TrueRuleFilter()),
    ):
        await t.raises(ResourceNotFoundError, missing)


@step("lists are complete and in order, over several pages", seconds=120)
async def lists(t):
    wanted = sorted(t.name(f"page.{number:03}") for number in range(230))
    for queue in wanted:
        await t.admin.create_queue(queue)
    listed = [name for name in await t.names(t.admin.list_queues()) if name in set(wanted)]
    t.equal(listed, wanted)
    everything = await t.names(t.admin.list_queues_runtime_properties())
    t.equal(everything, sorted(set(everything)))
    t.true(set(wanted) <= set(everything), "the list of runtime properties lacks a queue")
    topic = t.name("page-topic")
    await t.admin.create_topic(topic)
    for number in range(105):
        await t.admin.create_subscription(topic, f"s{number:03}")
    t.equal(await t.names(t.admin.list_subscriptions(topic)), [f"s{number:03}" for number in range(105)])
    t.equal(await t.names(t.admin.list_subscriptions_runtime_properties(topic)), [f"s{number:03}" for number in range(105)])
    for number in range(104):
        await t.admin.create_rule(topic, "s000", f"r{number:03}", filter=CorrelationRuleFilter(label=str(number)))
    t.equal(await t.names(t.admin.list_rules(topic, "s000")), ["$Default"] + [f"r{number:03}" for number in range(104)])
    for queue in wanted:
        await t.admin.delete_queue(queue)
    t.true(not set(wanted) & set(await t.names(t.admin.list_queues())), "deleted queues are listed")
    await t.admin.delete_topic(topic)


@step("rules have every kind of filter, with typed properties")
async def rules(t):
    topic = t.name("rules")
    await t.admin.create_topic(topic)
    await t.admin.create_subscription(topic, "s")
    moment, span = datetime.datetime(2020, 7, 5, 11, 12, 13), datetime.timedelta(days=1, hours=2, minutes=3)
    properties = {
        "key_string": "str1", "key_int": 2, "key_long": 2147483650, "key_bool": False, "key_double": 2.5, "key_datetime": moment,
        "key_duration": span,
    }
    correlation = CorrelationRuleFilter(
        correlation_id="c", message_id="m", to="t", reply_to="r", label="l", session_id="s", reply_to_session_id="rs",
        content_type="text/plain", properties=properties,
    )
    created = await t.admin.create_rule(topic, "s", "correlation", filter=correlation)
    for rule in (created, await t.admin.get_rule(topic, "s", "correlation")):
        t.equal(type(rule.filter), CorrelationRuleFilter)
        for name in ("correlation_id", "message_id", "to", "reply_to", "label", "session_id", "reply_to_session_id", "content_type"):
            t.equal(getattr(rule.filter, name), getattr(correlation, name), name)
        t.equal(sorted(rule.filter.properties), sorted(properties))
        for name, value in properties.items():
            t.equal(rule.filter.properties[name], value, name)
            t.equal(type(rule.filter.properties[name]), type(value), f"the type of {name}")
        t.true(isinstance(rule.created_at_utc, datetime.datetime), rule.created_at_utc)
    for name, kind in (("all", TrueRuleFilter), ("none", FalseRuleFilter)):
        await t.admin.create_rule(topic, "s", name, filter=kind())
        t.equal(type((await t.admin.get_rule(topic, "s", name)).filter), kind)
    listed = {rule.name: type(rule.filter) for rule in await t.all(t.admin.list_rules(topic, "s"))}
    t.equal(listed, {"$Default": TrueRuleFilter, "correlation": CorrelationRuleFilter, "all": TrueRuleFilter, "none": FalseRuleFilter})
    rule = await t.admin.get_rule(topic, "s", "correlation")
    rule.filter = CorrelationRuleFilter(correlation_id="other")
    await t.admin.update_rule(topic, "s", rule)
    rule = await t.admin.get_rule(topic, "s", "correlation")
    t.equal(rule.filter.correlation_id, "other")
    t.true(not rule.filter.properties, rule.filter.properties)
    for name in listed:
        await t.admin.delete_rule(topic, "s", name)
    t.equal(await t.names(t.admin.list_rules(topic, "s")), [])
    await t.admin.delete_topic(topic)


@step("SQL filters and actions are kept with their parameters, and select and change messages")
async def sql(t):
    topic = t.name("sql")
    await t.admin.create_topic(topic)
    await t.admin.create_subscription(topic, "s")
    await t.admin.delete_rule(topic, "s", "$Default")
    moment = datetime.datetime(2020, 7, 5, 11, 12, 13)
    values = {"@text": "str1", "@int": 2, "@long": 2147483650, "@flag": True, "@double": 1.5, "@moment": moment, "@span": datetime.timedelta(hours=3)}
    expression = "size = @int OR name = @text OR big = @long OR flag = @flag OR half = @double"
    await t.admin.create_rule(
        topic, "s", "parameters", filter=SqlRuleFilter(expression, parameters=values),
        action=SqlRuleAction("SET seen = @text; REMOVE name", parameters={"@text": "yes"}),
    )
    rule = await t.admin.get_rule(topic, "s", "parameters")
    for each in (rule, *await t.all(t.admin.list_rules(topic, "s"))):
        t.equal(type(each.filter), SqlRuleFilter)
        t.equal(each.filter.sql_expression, expression)
        t.equal(each.filter.parameters, values)
        t.equal(each.action.sql_expression, "SET seen = @text; REMOVE name")
        t.equal(each.action.parameters, {"@text": "yes"})
    for wrong in ("size =", "size = 'open", "size == 1", "LIKE LIKE", ""):
        await t.raises(HttpResponseError, t.admin.create_rule(topic, "s", "wrong", filter=SqlRuleFilter(wrong)), status=400)
    await t.raises(
        HttpResponseError, t.admin.create_rule(topic, "s", "wrong", filter=TrueRuleFilter(), action=SqlRuleAction("SET")), status=400
    )
    with ServiceBusClient.from_connection_string(sandbox(t.kind).connection_string) as client:
        with client.get_topic_sender(topic) as link:
            for properties in ({"size": 2}, {"size": 3}, {"name": "str1"}, {"flag": True}, {"half": 1.5}, {"name": "str2"}):
                link.send_messages(ServiceBusMessage("m", application_properties=properties))
        with client.get_subscription_receiver(topic, "s", receive_mode="receiveanddelete") as link:
            got = link.receive_messages(max_message_count=10, max_wait_time=3)
    properties = [{key.decode(): value for key, value in message.application_properties.items()} for message in got]
    t.equal(len(properties), 4, properties)
    t.true(all(each["seen"] == b"yes" and "name" not in each for each in properties), properties)
    rule.filter = SqlRuleFilter("size > 100")
    rule.action = None
    await t.admin.update_rule(topic, "s", rule)
    rule = await t.admin.get_rule(topic, "s", "parameters")
    t.equal((rule.filter.sql_expression, rule.action), ("size > 100", None))
    first = await t.admin.create_rule(topic, "s", "second", filter=SqlRuleFilter("Priority = 'low'"))
    t.equal(first.filter.sql_expression, "Priority = 'low'")
    await t.admin.delete_topic(topic)


@step("the key of an entity opens that entity alone, for messages as well")
async def keys(t):
    mine, theirs = t.name("keys-mine"), t.name("keys-theirs")
    every = [AccessRights.MANAGE, AccessRights.SEND, AccessRights.LISTEN]

    def rule(name, rights, **keys):
        return AuthorizationRule(
            type="SharedAccessAuthorizationRule", claim_type="SharedAccessKey", claim_value="None", rights=rights, key_name=name, **keys
        )

    await t.admin.create_queue(theirs)
    created = await t.admin.create_queue(
        mine, authorization_rules=[rule("owner", every, primary_key="first", secondary_key="second"), rule("sender", [AccessRights.SEND])]
    )
    owner, sender = (await t.admin.get_queue(mine)).authorization_rules
    t.equal([each.key_name for each in created.authorization_rules], ["owner", "sender"])
    t.equal((owner.primary_key, owner.secondary_key), ("first", "second"))
    t.equal([str(getattr(right, "value", right)) for right in owner.rights], ["Manage", "Send", "Listen"])
    t.equal([str(getattr(right, "value", right)) for right in sender.rights], ["Send"])
    t.equal((owner.claim_type, owner.claim_value), ("SharedAccessKey", "None"))
    t.true(len(sender.primary_key) == 44 and sender.primary_key != sender.secondary_key, "keys that were not given are made")
    t.true(isinstance(owner.created_at_utc, datetime.datetime), owner.created_at_utc)
    amqp = f"Endpoint=sb://127.0.0.1:{t.ready['amqpPort']};UseDevelopmentEmulator=true;"

    def send(queue, name, key):
        with ServiceBusClient.from_connection_string(f"{amqp}SharedAccessKeyName={name};SharedAccessKey={key}", retry_total=0) as client:
            with client.get_queue_sender(queue) as link:
                link.send_messages(ServiceBusMessage("by key"))

    send(mine, "owner", "second")
    send(mine, "sender", sender.primary_key)
    for queue, name, key in ((theirs, "owner", "first"), (mine, "owner", "third"), (mine, "stranger", "first")):
        try:
            send(queue, name, key)
        except Exception as error:
            t.true(type(error).__name__ in ("ServiceBusAuthenticationError", "ServiceBusAuthorizationError"), f"{queue} by {name}: {error!r}")
        else:
            raise AssertionError(f"{name} sent to {queue}")
    t.equal((await t.admin.get_queue_runtime_properties(mine)).active_message_count, 2)
    queue = await t.admin.get_queue(mine)
    queue.authorization_rules = queue.authorization_rules[1:]
    await t.admin.update_queue(queue)
    t.equal([each.key_name for each in (await t.admin.get_queue(mine)).authorization_rules], ["sender"])
    await t.raises(
        HttpResponseError, t.admin.create_queue(t.name("half"), authorization_rules=[rule("m", [AccessRights.MANAGE])]),
        "Manage permission should also include Send and Listen", status=400,
    )


@step("forwarding is set and taken back, to entities that exist")
async def forwarding(t):
    source, target, dead = t.name("forward-source"), t.name("forward-target"), t.name("forward-dead")
    await t.admin.create_queue(target)
    await t.admin.create_queue(dead)
    await t.admin.create_queue(source, forward_to=target, forward_dead_lettered_messages_to=dead)
    queue = await t.admin.get_queue(source)
    t.true(queue.forward_to.rpartition("/")[2] == target, queue.forward_to)
    t.true(queue.forward_dead_lettered_messages_to.rpartition("/")[2] == dead, queue.forward_dead_lettered_messages_to)
    with ServiceBusClient.from_connection_string(sandbox(t.kind).connection_string) as client:
        with client.get_queue_sender(source) as link:
            link.send_messages([ServiceBusMessage(str(number)) for number in range(3)])
    t.equal((await t.admin.get_queue_runtime_properties(target)).active_message_count, 3)
    t.equal((await t.admin.get_queue_runtime_properties(source)).total_message_count, 0)
    queue.forward_to = queue.forward_dead_lettered_messages_to = None
    await t.admin.update_queue(queue)
    queue = await t.admin.get_queue(source)
    t.equal((queue.forward_to, queue.forward_dead_lettered_messages_to), (None, None))
    await t.raises(
        HttpResponseError, t.admin.create_queue(t.name("nowhere"), forward_to="no-such-queue"),
        "The auto forwarding destination entity does not exist", status=400,
    )
    topic = t.name("forward-topic")
    await t.admin.create_topic(topic)
    subscription = await t.admin.create_subscription(topic, "s", forward_to=target)
    t.true(subscription.forward_to.rpartition("/")[2] == target, subscription.forward_to)
    with ServiceBusClient.from_connection_string(sandbox(t.kind).connection_string) as client:
        with client.get_topic_sender(topic) as link:
            link.send_messages(ServiceBusMessage("published"))
    t.equal((await t.admin.get_queue_runtime_properties(target)).active_message_count, 4)


@step("a status applies to messages, and counts tell what there is")
async def counts(t):
    name, topic = t.name("counts"), t.name("counts-topic")
    await t.admin.create_queue(name)
    await t.admin.create_topic(topic)
    await t.admin.create_subscription(topic, "s")
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    with ServiceBusClient.from_connection_string(sandbox(t.kind).connection_string) as client:
        with client.get_queue_sender(name) as link:
            link.send_messages([ServiceBusMessage(str(number)) for number in range(4)])
            link.schedule_messages([ServiceBusMessage("later")] * 2, soon)
        with client.get_queue_receiver(name) as link:
            for message in link.receive_messages(max_message_count=1, max_wait_time=5):
                link.dead_letter_message(message, reason="test")
        with client.get_topic_sender(topic) as link:
            link.send_messages([ServiceBusMessage("copy")] * 3)
            link.schedule_messages([ServiceBusMessage("later")], soon)
        runtime = await t.admin.get_queue_runtime_properties(name)
        t.equal(
            (runtime.active_message_count, runtime.dead_letter_message_count, runtime.scheduled_message_count), (3, 1, 2), "a queue's counts"
        )
        t.equal((runtime.transfer_message_count, runtime.transfer_dead_letter_message_count, runtime.total_message_count), (0, 0, 6))
        t.true(runtime.size_in_bytes > 0, runtime.size_in_bytes)
        t.true(runtime.accessed_at_utc > runtime.created_at_utc, "it was used after it was made")
        t.equal((await t.admin.get_topic_runtime_properties(topic)).scheduled_message_count, 1)
        subscription = await t.admin.get_subscription_runtime_properties(topic, "s")
        t.equal((subscription.active_message_count, subscription.dead_letter_message_count, subscription.total_message_count), (3, 0, 3))
        queue = await t.admin.get_queue(name)
        queue.status = "SendDisabled"
        await t.admin.update_queue(queue)
        try:
            with client.get_queue_sender(name) as link:
                link.send_messages(ServiceBusMessage("refused"))
        except Exception as error:
            t.equal(type(error).__name__, "MessagingEntityDisabledError")
        else:
            raise AssertionError("a queue took a message while sending was disabled")
        t.equal((await t.admin.get_queue_runtime_properties(name)).active_message_count, 3)


@step("the namespace says what it is")
async def namespace(t):
    properties = await t.admin.get_namespace_properties()
    t.equal((properties.name, properties.messaging_sku, properties.messaging_units), ("sbemulatorns", "Standard", None))
    t.true(isinstance(properties.created_at_utc, datetime.datetime), properties.created_at_utc)


@step("a Premium namespace has larger messages, and no partitions of single entities", kind="premium")
async def premium(t):
    name = t.name("premium")
    properties = await t.admin.get_namespace_properties()
    t.equal((properties.messaging_sku, properties.messaging_units), ("Premium", 1))
    queue = await t.admin.create_queue(name)
    t.equal(queue.max_message_size_in_kilobytes, 1024)
    queue.max_message_size_in_kilobytes = 12345
    await t.admin.update_queue(queue)
    t.equal((await t.admin.get_queue(name)).max_message_size_in_kilobytes, 12345)
    for size in (1023, 102401):
        await t.raises(
            HttpResponseError, t.admin.create_queue(t.name("size"), max_message_size_in_kilobytes=size),
            "must be between 1024 and 102400 when the namespace 'sbemulatorns' is using 'Premium' tier", status=400,
        )
    await t.raises(HttpResponseError, t.admin.create_topic(t.name("partitions"), enable_partitioning=True), status=400)
    t.equal((await t.admin.create_topic(t.name("large"), max_size_in_megabytes=81920)).max_size_in_megabytes, 81920)


@step("every version of the interface is served", api_version="2017-04")
async def oldest(t):
    await versions(t, None)


@step("every version of the interface is served, also the one between", api_version="2021-05")
async def middle(t):
    await versions(t, 256)


async def versions(t, size):
    name = t.name(f"version-{size}")
    created = await t.admin.create_queue(name, max_delivery_count=5)
    t.equal((created.max_message_size_in_kilobytes, created.max_delivery_count), (size, 5))
    created.max_delivery_count = 6
    await t.admin.update_queue(created)
    t.equal((await t.admin.get_queue(name)).max_delivery_count, 6)
    t.true(name in await t.names(t.admin.list_queues()), "it is not listed")
    await t.admin.delete_queue(name)


@step("a wrong key, and one without the right, change nothing", credentials="SharedAccessKeyName=SendOnly;SharedAccessKey=SAS_KEY_VALUE")
async def refused(t):
    name = t.name("refused")
    for attempt in (t.admin.create_queue(name), t.admin.delete_queue(name), t.admin.get_queue(name), t.admin.get_namespace_properties()):
        await t.raises(ClientAuthenticationError, attempt, "TrackingId:", status=401)
    stranger = Session(t.flavour, t.kind, "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=wrong")
    async with stranger.admin:
        await t.raises(ClientAuthenticationError, stranger.admin.create_queue(name), status=401)
    root = Session(t.flavour, t.kind)
    async with root.admin:
        await t.raises(ResourceNotFoundError, root.admin.get_queue(name))


@step("a certificate of another authority is not trusted", connection_verify=True)
async def untrusted(t):
    error = await t.raises(Exception, t.admin.get_namespace_properties())
    t.true("certificate" in str(error).lower() or "ssl" in str(error).lower(), error)


@step("calls beyond the credits of a second are refused, and the sandbox counts them", kind="throttled")
async def throttled(t):
    refusals = 0
    for _ in range(40):
        try:
            await t.admin.get_namespace_properties()
        except HttpResponseError as error:
            refusals += 1
            t.equal(error.status_code, 429)
            t.true("SubCode=50004" in str(error) and "is being throttled" in str(error), error)
    # Five calls a second are admitted, and forty take far less than eight seconds.
    t.true(refusals >= 1, "nothing was refused")


# The shape of the example that Microsoft publishes with its emulator: one queue with every property, topics with subscriptions whose rules
# are correlation filters on system and on application properties or in SQL, and one without rules. Comments are part of the format.
PUBLISHED_SHAPE = """{
  "UserConfig": {
    "Namespaces": [
      {
        "Name": "sbemulatorns",  // the only one
        "Queues": [
          {
            "Name": "queue.1",
            "Properties": {
              "DeadLetteringOnMessageExpiration": false, "DefaultMessageTimeToLive": "PT1H",
              "DuplicateDetectionHistoryTimeWindow": "PT20S", "ForwardDeadLetteredMessagesTo": "", "ForwardTo": "",
              "LockDuration": "PT1M", "MaxDeliveryCount": 3, "RequiresDuplicateDetection": false, "RequiresSession": false
            }
          }
        ],
        "Topics": [
          {
            "Name": "topic.1",
            "Properties": {
              "DefaultMessageTimeToLive": "PT1H", "DuplicateDetectionHistoryTimeWindow": "PT20S", "RequiresDuplicateDetection": false
            },
            "Subscriptions": [
              {
                "Name": "subscription.1",
                "Properties": {
                  "DeadLetteringOnMessageExpiration": false, "DefaultMessageTimeToLive": "PT1H", "LockDuration": "PT1M",
                  "MaxDeliveryCount": 3, "ForwardDeadLetteredMessagesTo": "", "ForwardTo": "", "RequiresSession": false
                },
                "Rules": [
                  {
                    "Name": "system-properties",
                    "Properties": {
                      "FilterType": "Correlation",
                      "CorrelationFilter": {
                        "ContentType": "application/text", "CorrelationId": "id1", "Label": "subject1", "MessageId": "msgid1",
                        "ReplyTo": "someQueue", "ReplyToSessionId": "sessionId", "SessionId": "session1", "To": "xyz"
                      }
                    }
                  }
                ]
              },
              {
                "Name": "subscription.2",
                "Properties": {"MaxDeliveryCount": 3},
                "Rules": [
                  {
                    "Name": "own-properties",
                    "Properties": {"FilterType": "Correlation", "CorrelationFilter": {"Properties": {"prop1": "value1"}}}
                  }
                ]
              },
              {"Name": "subscription.3", "Properties": {"DefaultMessageTimeToLive": "PT1H", "MaxDeliveryCount": 3, "RequiresSession": false}},
              {
                "Name": "subscription.4",
                "Properties": {"MaxDeliveryCount": 3},
                "Rules": [
                  {
                    "Name": "in-sql",
                    "Properties": {
                      "FilterType": "Sql", "SqlFilter": {"SqlExpression": "sys.MessageId = '123456' AND userProp1 = 'value1'"},
                      "Action": {"SqlExpression": "SET sys.To = 'Entity'"}
                    }
                  }
                ]
              }
            ]
          }
        ]
      }
    ],
    "Logging": {"Type": "File"}
  }
}
"""


@step("entities from a Config.json of the published shape are served, and can be changed", kind="config")
async def published(t):
    t.true("queue.1" in await t.names(t.admin.list_queues()), "queue.1 is not listed")
    t.equal(await t.names(t.admin.list_topics()), ["topic.1"])
    queue = await t.admin.get_queue("queue.1")
    t.lasts(queue.default_message_time_to_live, datetime.timedelta(hours=1))
    t.lasts(queue.lock_duration, datetime.timedelta(minutes=1))
    t.equal((queue.max_delivery_count, queue.requires_session, queue.forward_to), (3, False, None))
    t.equal(await t.names(t.admin.list_subscriptions("topic.1")), [f"subscription.{number}" for number in range(1, 5)])
    rule = await t.admin.get_rule("topic.1", "subscription.4", "in-sql")
    t.equal(rule.filter.sql_expression, "sys.MessageId = '123456' AND userProp1 = 'value1'")
    t.equal(rule.action.sql_expression, "SET sys.To = 'Entity'")
    system = (await t.admin.get_rule("topic.1", "subscription.1", "system-properties")).filter
    t.equal(
        (system.content_type, system.correlation_id, system.label, system.message_id, system.reply_to, system.to),
        ("application/text", "id1", "subject1", "msgid1", "someQueue", "xyz"),
    )
    t.equal((await t.admin.get_rule("topic.1", "subscription.2", "own-properties")).filter.properties, {"prop1": "value1"})
    t.equal(await t.names(t.admin.list_rules("topic.1", "subscription.3")), ["$Default"])
    queue.max_delivery_count = 10
    await t.admin.update_queue(queue)
    queue = await t.admin.get_queue("queue.1")
    t.equal(queue.max_delivery_count, 10)
    queue.max_delivery_count = 3
    await t.admin.update_queue(queue)
    await t.admin.create_subscription("topic.1", t.name("more"))
    t.equal((await t.admin.get_topic_runtime_properties("topic.1")).subscription_count, 5)
    await t.admin.delete_subscription("topic.1", t.name("more"))


@step("our client reads messages over TLS as well")
async def tls(t):
    name = t.name("tls")
    await t.admin.create_queue(name)
    endpoint = f"sb://127.0.0.1:{t.ready['amqpsPort']}"
    string = f"Endpoint={endpoint};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}"
    with ServiceBusClient.from_connection_string(sandbox(t.kind).connection_string) as client:
        with client.get_queue_sender(name) as link:
            link.send_messages(ServiceBusMessage("seen over TLS", subject="tls"))
    for arguments, words in ((("--ca-file", t.ready["caFile"]), None), ((), "certificate")):
        done = callboard.run("peek", name, "--output", "json", *arguments, connection_string=string)
        t.equal(done.returncode == 0, words is None, f"{arguments}: {done.stderr}")
        t.true("seen over TLS" in done.stdout if words is None else words in done.stderr.lower(), f"{done.stdout}{done.stderr}")


def on_the_usual_port(flavour):
    """Both of Microsoft's clients know one port for AMQP over TLS; any other address that they are given, they take for a WebSocket's."""
    import azure.servicebus.aio

    folder = tempfile.TemporaryDirectory()
    checks.cleanup(folder.cleanup)
    config = pathlib.Path(folder.name) / "Config.json"
    config.write_text(PUBLISHED_SHAPE, encoding="utf-8")
    try:
        usual = callboard.Sandbox("--amqps-port", "5671", config=config).start()
    except AssertionError as error:
        raise Skipped(f"port 5671 cannot be had: {str(error).splitlines()[-1]}") from None

    async def play():
        string = f"Endpoint=sb://127.0.0.1;SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}"
        connect = ServiceBusClient if flavour == "sync" else azure.servicebus.aio.ServiceBusClient
        client = connect.from_connection_string(string, connection_verify=usual.ready["caFile"], retry_total=0)
        name = "queue.1"
        async with Threaded(client) if flavour == "sync" else client as messages:
            async with messages.get_queue_sender(name) as link:
                await link.send_messages([ServiceBusMessage(f"over TLS {number}") for number in range(3)])
            async with messages.get_queue_receiver(name) as link:
                bodies = [str(message) for message in await link.peek_messages(max_message_count=100)]
        assert [body for body in bodies if body.startswith("over TLS")] == [f"over TLS {number}" for number in range(3)], bodies

    try:
        asyncio.run(play())
    finally:
        usual.stop()


for each in ("sync", "async"):
    checks.step(f"Microsoft's clients speak AMQP over TLS ({each})")(lambda flavour=each: on_the_usual_port(flavour))


@checks.step("the credits that the steps above spent are known to the sandbox")
def credits():
    import urllib.request

    for kind in [kind for kind in ("standard", "throttled") if kind in sandboxes]:
        with urllib.request.urlopen(f"http://127.0.0.1:{sandboxes[kind].http_port}/$sandbox/credits", timeout=10) as answer:
            usage = json.load(answer)
        assert usage["credits"] == 10 * usage["calls"] > 0, usage
        assert (usage["refusedCalls"] > 0) == (kind == "throttled"), usage


@checks.step("and the certificate is gone with the sandbox")
def certificate():
    with callboard.Sandbox("--https-port", "0") as ready:
        file = pathlib.Path(ready.ready["caFile"])
        assert file.read_text(encoding="ascii").startswith("-----BEGIN CERTIFICATE-----"), file
        assert "PRIVATE" not in file.read_text(encoding="ascii"), "a key was written"
        assert file.parent.stat().st_mode & 0o777 == 0o700, oct(file.parent.stat().st_mode)
        assert file.stat().st_mode & 0o777 == 0o600, oct(file.stat().st_mode)
        assert [each.name for each in file.parent.iterdir()] == ["ca.pem"], list(file.parent.iterdir())
    assert not file.parent.exists(), file.parent


if __name__ == "__main__":
    status = checks.run()
    print(f"{assertions} assertions with both clients")
    sys.exit(status)
