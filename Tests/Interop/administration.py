#!/usr/bin/env python3
"""The official Azure client (azure-servicebus) lists and reads the entities of `callboard sandbox` over its administration endpoint. The
client is the judge: whatever the sandbox says must arrive in the client's own types. Changes are the subject of administration_official.py.

The client always speaks HTTPS to this interface; a transport that turns https into http leads it to the sandbox's plain port.

usage: administration.py [READY-LINE]      READY-LINE is the JSON line of a running `callboard sandbox`; without it one is started
"""

import datetime
import json
import sys

from azure.core.exceptions import ClientAuthenticationError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.servicebus.management import ServiceBusAdministrationClient, TrueRuleFilter, SqlRuleFilter, CorrelationRuleFilter

import callboard
from checks import Checks, Skipped

checks = Checks("official client against the sandbox's administration")

ROOT_KEY = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE"

sandbox = None


def ready_line():
    """The ready line of the sandbox under test, started if none was given."""
    global sandbox
    if len(sys.argv) > 1:
        return json.loads(sys.argv[1])
    if sandbox is None:
        sandbox = callboard.Sandbox("--seed", "demo").start()
    return sandbox.ready


class PlainTransport(RequestsTransport):
    """Sends what is meant for https over http."""

    def send(self, request, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **kwargs)


def client(credentials=ROOT_KEY, **options):
    port = ready_line()["httpPort"]
    return ServiceBusAdministrationClient.from_connection_string(
        f"Endpoint=sb://127.0.0.1:{port};{credentials}", transport=PlainTransport(), retry_total=0, **options
    )


def raises(kind, action):
    """What `action` raises, which must be of that kind."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"{action} should have raised {kind.__name__}")


def names(entities):
    return [entity.name for entity in entities]


def seconds(duration):
    """Durations come as timedelta or as ISO 8601 text, depending on the client's mood."""
    return duration.total_seconds() if isinstance(duration, datetime.timedelta) else duration


@checks.cleanup
def stop_sandbox():
    if sandbox is not None:
        sandbox.stop()


@checks.step("the namespace says what it is")
def namespace():
    with client() as admin:
        properties = admin.get_namespace_properties()
        assert properties.name, properties
        assert properties.messaging_sku in ("Basic", "Standard", "Premium"), properties.messaging_sku
        assert isinstance(properties.created_at_utc, datetime.datetime), properties.created_at_utc
        assert isinstance(properties.modified_at_utc, datetime.datetime), properties.modified_at_utc


@checks.step("queues are listed, in order, each once")
def queues():
    with client() as admin:
        listed = list(admin.list_queues())
        assert listed, "there is no queue"
        assert names(listed) == sorted(set(names(listed))), names(listed)
        for queue in listed:
            assert queue.status in ("Active", "Disabled", "SendDisabled", "ReceiveDisabled"), queue.status
            assert queue.availability_status == "Available", queue.availability_status
            assert isinstance(seconds(queue.lock_duration), (float, str)), queue.lock_duration
            assert queue.max_delivery_count >= 1, queue.max_delivery_count
            assert queue.max_size_in_megabytes >= 1, queue.max_size_in_megabytes
            assert queue.max_message_size_in_kilobytes >= 1, queue.max_message_size_in_kilobytes
            for flag in (
                queue.requires_session,
                queue.requires_duplicate_detection,
                queue.dead_lettering_on_message_expiration,
                queue.enable_batched_operations,
                queue.enable_partitioning,
                queue.enable_express,
            ):
                assert isinstance(flag, bool), (queue.name, flag)
            assert queue.default_message_time_to_live and queue.auto_delete_on_idle, queue.name
            assert queue.duplicate_detection_history_time_window, queue.name
            assert not queue.authorization_rules, queue.authorization_rules


@checks.step("one queue alone is what the list said")
def one_queue():
    with client() as admin:
        for listed in list(admin.list_queues())[:5]:
            alone = admin.get_queue(listed.name)
            assert dict(alone) == dict(listed), (dict(alone), dict(listed))
            assert {**dict(admin.get_queue(listed.name.upper())), "name": listed.name} == dict(listed), "names are compared with case"


@checks.step("queues have counts and times")
def queue_runtime():
    with client() as admin:
        listed = list(admin.list_queues_runtime_properties())
        assert names(listed) == names(admin.list_queues())
        for runtime in listed:
            counts = (
                runtime.active_message_count,
                runtime.dead_letter_message_count,
                runtime.scheduled_message_count,
                runtime.transfer_message_count,
                runtime.transfer_dead_letter_message_count,
            )
            assert all(isinstance(count, int) and count >= 0 for count in counts), (runtime.name, counts)
            assert runtime.total_message_count == sum(counts), (runtime.name, runtime.total_message_count, counts)
            assert runtime.size_in_bytes >= 0, runtime.size_in_bytes
            for moment in (runtime.created_at_utc, runtime.updated_at_utc, runtime.accessed_at_utc):
                assert isinstance(moment, datetime.datetime), (runtime.name, moment)
            assert runtime.created_at_utc <= runtime.updated_at_utc, runtime.name
        assert any(runtime.dead_letter_message_count for runtime in listed), "nothing is dead-lettered anywhere"
        for runtime in listed[:3]:
            assert admin.get_queue_runtime_properties(runtime.name).name == runtime.name


@checks.step("topics are listed, alone and with their runtime properties")
def topics():
    with client() as admin:
        listed = list(admin.list_topics())
        assert listed, "there is no topic"
        assert names(listed) == sorted(set(names(listed))), names(listed)
        for topic in listed:
            alone = admin.get_topic(topic.name)
            assert dict(alone) == dict(topic), (dict(alone), dict(topic))
            assert topic.max_message_size_in_kilobytes >= 1, topic.name
            assert isinstance(topic.support_ordering, bool), topic.name
            runtime = admin.get_topic_runtime_properties(topic.name)
            assert runtime.subscription_count == len(list(admin.list_subscriptions(topic.name))), topic.name
            assert runtime.scheduled_message_count >= 0, topic.name
            assert isinstance(runtime.created_at_utc, datetime.datetime), topic.name
        assert names(admin.list_topics_runtime_properties()) == names(listed)


@checks.step("subscriptions are listed, alone and with their counts")
def subscriptions():
    seen = 0
    with client() as admin:
        for topic in names(admin.list_topics()):
            listed = list(admin.list_subscriptions(topic))
            assert names(listed) == sorted(set(names(listed))), names(listed)
            assert names(admin.list_subscriptions_runtime_properties(topic)) == names(listed)
            for subscription in listed:
                seen += 1
                alone = admin.get_subscription(topic, subscription.name)
                assert dict(alone) == dict(subscription), (dict(alone), dict(subscription))
                assert isinstance(subscription.dead_lettering_on_filter_evaluation_exceptions, bool)
                assert subscription.max_delivery_count >= 1, subscription.name
                runtime = admin.get_subscription_runtime_properties(topic, subscription.name)
                counts = (
                    runtime.active_message_count,
                    runtime.dead_letter_message_count,
                    runtime.transfer_message_count,
                    runtime.transfer_dead_letter_message_count,
                )
                assert all(count >= 0 for count in counts), (subscription.name, counts)
                assert runtime.total_message_count >= sum(counts), (subscription.name, runtime.total_message_count, counts)
    assert seen, "there is no subscription"


@checks.step("a subscription has rules, and each can be read alone")
def rules():
    with client() as admin:
        for topic in names(admin.list_topics()):
            for subscription in names(admin.list_subscriptions(topic)):
                listed = list(admin.list_rules(topic, subscription))
                for rule in listed:
                    assert isinstance(rule.filter, (TrueRuleFilter, SqlRuleFilter, CorrelationRuleFilter)), rule.filter
                    assert isinstance(rule.created_at_utc, datetime.datetime), rule.created_at_utc
                    alone = admin.get_rule(topic, subscription, rule.name)
                    assert alone.name == rule.name and type(alone.filter) is type(rule.filter), (alone, rule)


@checks.step("what is not there is not found")
def missing():
    with client() as admin:
        raises(ResourceNotFoundError, lambda: admin.get_queue("no-such-queue"))
        raises(ResourceNotFoundError, lambda: admin.get_queue_runtime_properties("no-such-queue"))
        raises(ResourceNotFoundError, lambda: admin.get_topic("no-such-topic"))
        topic = names(admin.list_topics())[0]
        raises(ResourceNotFoundError, lambda: admin.get_subscription(topic, "no-such-subscription"))
        raises(ResourceNotFoundError, lambda: admin.get_subscription("no-such-topic", "no-such-subscription"))
        subscription = next(name for topic in names(admin.list_topics()) for name in [(topic, s) for s in names(admin.list_subscriptions(topic))])
        raises(ResourceNotFoundError, lambda: admin.get_rule(*subscription, "no-such-rule"))


@checks.step("a wrong key, and a key that nobody has, are refused")
def wrong_key():
    for credentials in ("SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=wrong", "SharedAccessKeyName=nobody;SharedAccessKey=SAS_KEY_VALUE"):
        with client(credentials) as admin:
            error = raises(ClientAuthenticationError, lambda: list(admin.list_queues()))
            assert error.status_code == 401, error.status_code
            assert "TrackingId:" in str(error), error


@checks.step("older versions of the interface are served")
def older_versions():
    for version in ("2017-04", "2021-05"):
        with client(api_version=version) as admin:
            queue = next(iter(admin.list_queues()))
            assert (queue.max_message_size_in_kilobytes is None) == (version == "2017-04"), (version, queue.max_message_size_in_kilobytes)


@checks.step("a change is made, and undone")
def changes():
    with client() as admin:
        admin.create_queue("new-queue", max_delivery_count=4)
        assert "new-queue" in names(admin.list_queues())
        queue = admin.get_queue("new-queue")
        queue.max_delivery_count = 5
        admin.update_queue(queue)
        assert admin.get_queue("new-queue").max_delivery_count == 5
        raises(ResourceExistsError, lambda: admin.create_queue("NEW-queue"))
        admin.delete_queue("new-queue")
        raises(ResourceNotFoundError, lambda: admin.get_queue("new-queue"))
        raises(ResourceNotFoundError, lambda: admin.delete_queue("new-queue"))


@checks.step("a message that is sent is counted")
def counted():
    ready = ready_line()
    if "amqpPort" not in ready:
        raise Skipped("this sandbox has no AMQP port")
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

    with client() as admin:
        queue = next(
            queue for queue in admin.list_queues() if queue.status == "Active" and not queue.requires_session and not queue.forward_to
        )
        before = admin.get_queue_runtime_properties(queue.name)
        with ServiceBusClient.from_connection_string(ready["connectionString"]) as messages:
            with messages.get_queue_sender(queue.name) as sender:
                sender.send_messages([ServiceBusMessage(f"counted {number}") for number in range(3)])
        after = admin.get_queue_runtime_properties(queue.name)
        assert after.active_message_count == before.active_message_count + 3, (before.active_message_count, after.active_message_count)
        assert after.size_in_bytes > before.size_in_bytes, (before.size_in_bytes, after.size_in_bytes)


if __name__ == "__main__":
    sys.exit(checks.run(only=""))
