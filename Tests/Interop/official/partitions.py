"""Partitioned entities: the partition stands in the top 16 bits of a sequence number, and the order holds within one."""

from azure.servicebus import ServiceBusMessage

from official.scenarios import scenario, text


def partition_id(message):
    return message.raw_amqp_message.annotations.get(b"x-opt-partition-id")


KEYS = ("red", "green", "blue", "black")


@scenario(EnablePartitioning=True)
async def messages_of_one_partition_key_stay_together_and_in_order(play):
    await play.send(*(ServiceBusMessage(f"{key} {n}", partition_key=key) for n in range(8) for key in KEYS))
    async with play.receiver() as receiver:
        peeked = []
        while page := await receiver.peek_messages(max_message_count=10, timeout=10):
            peeked += page
        play.equal(sorted(map(text, peeked)), sorted(f"{key} {n}" for key in KEYS for n in range(8)), "each is peeked once")
        play.equal([partition_id(each) for each in peeked], [each.sequence_number >> 48 for each in peeked], "its partition is named")
        numbers = [each.sequence_number for each in peeked]
        play.equal(numbers, sorted(set(numbers)), "in the order of their numbers")
        for key in KEYS:
            own = [each for each in peeked if each.partition_key == key]
            play.equal(len({each.sequence_number >> 48 for each in own}), 1, f"{key} is in one partition")
            play.equal([text(each) for each in own], [f"{key} {n}" for n in range(8)], "its order")
        received = await play.take(receiver, 32)
        for key in KEYS:
            play.equal([text(each) for each in received if each.partition_key == key], [f"{key} {n}" for n in range(8)], "received in order")
        for each in received:
            await receiver.complete_message(each)
    play.equal(await play.left(), [])


@scenario(EnablePartitioning=True)
async def numbers_of_partitions_name_deferred_and_scheduled_messages(play):
    await play.send(*(ServiceBusMessage(key, partition_key=key) for key in KEYS))
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 4)
        for each in messages:
            await receiver.defer_message(each)
        for each in messages:
            (deferred,) = await receiver.receive_deferred_messages(each.sequence_number, timeout=10)
            play.equal((text(deferred), deferred.sequence_number), (text(each), each.sequence_number))
            await receiver.complete_message(deferred)
    play.equal(await play.left(), [])
