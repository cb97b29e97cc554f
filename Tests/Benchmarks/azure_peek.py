#!/usr/bin/env python3
"""What `callboard peek QUEUE --all --output jsonl` does, by azure-servicebus: every message of a queue as a line of JSON.

usage: azure_peek.py QUEUE
SERVICEBUS_CONNECTION_STRING names the namespace.
"""

import json
import os
import sys

from azure.servicebus import ServiceBusClient


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def time(value):
    return value and value.isoformat()


def record(message):
    body = b"".join(message.body)
    return {
        "sequenceNumber": message.sequence_number,
        "enqueuedSequenceNumber": message.enqueued_sequence_number,
        "messageId": message.message_id,
        "correlationId": message.correlation_id,
        "sessionId": message.session_id,
        "partitionKey": message.partition_key,
        "subject": message.subject,
        "to": message.to,
        "replyTo": message.reply_to,
        "replyToSessionId": message.reply_to_session_id,
        "contentType": message.content_type,
        "timeToLive": message.time_to_live and message.time_to_live.total_seconds(),
        "enqueuedTime": time(message.enqueued_time_utc),
        "expiresAt": time(message.expires_at_utc),
        "scheduledEnqueueTime": time(message.scheduled_enqueue_time_utc),
        "deliveryCount": message.delivery_count,
        "state": message.state.name,
        "deadLetterReason": message.dead_letter_reason,
        "deadLetterErrorDescription": message.dead_letter_error_description,
        "deadLetterSource": message.dead_letter_source,
        "applicationProperties": {text(key): text(value) for key, value in (message.application_properties or {}).items()},
        "body": {"text": body.decode(), "sizeBytes": len(body)},
    }


def main():
    cursor = 1
    with ServiceBusClient.from_connection_string(os.environ["SERVICEBUS_CONNECTION_STRING"]) as client:
        with client.get_queue_receiver(sys.argv[1]) as receiver:
            while page := receiver.peek_messages(max_message_count=1000, sequence_number=cursor):
                for message in page:
                    sys.stdout.write(json.dumps(record(message)) + "\n")
                cursor = page[-1].sequence_number + 1


if __name__ == "__main__":
    main()
