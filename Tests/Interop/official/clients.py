"""The two clients of azure-servicebus, the blocking and the asynchronous one, looked at alike: as the asynchronous one.

The asynchronous client's objects are used as they are. The blocking client's are wrapped in `Threaded`, which calls them on a thread and is
awaited. So a scenario is written once, and every line of it runs through both of Microsoft's implementations.
"""

import asyncio
import concurrent.futures

import azure.servicebus
import azure.servicebus.aio

THREADS = concurrent.futures.ThreadPoolExecutor(max_workers=64, thread_name_prefix="client")

# What is answered at once in the asynchronous client too: not to be awaited there, so not here either.
IMMEDIATE = frozenset(
    "get_queue_sender get_queue_receiver get_topic_sender get_subscription_receiver "
    "list_queue_sessions list_subscription_sessions register by_page".split()
)
# What has methods of its own that block.
BLOCKING = ("ServiceBusClient", "ServiceBusSender", "ServiceBusReceiver", "ServiceBusSession", "ItemPaged", "AutoLockRenewer")

END = object()


def plain(value):
    """The client's own object, where the scenario holds the wrapped one."""
    return value.wrapped if isinstance(value, Threaded) else value


def threaded(value):
    return Threaded(value) if type(value).__name__ in BLOCKING else value


async def on_thread(function, *arguments, **options):
    return await asyncio.get_running_loop().run_in_executor(THREADS, lambda: function(*arguments, **options))


class Threaded:
    """An object of the blocking client, as an object of the asynchronous one."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __getattr__(self, name):
        value = getattr(self.wrapped, name)
        if not callable(value):
            return threaded(value)

        def bare(arguments, options):
            return [plain(each) for each in arguments], {key: plain(each) for key, each in options.items()}

        if name in IMMEDIATE:

            def call(*arguments, **options):
                arguments, options = bare(arguments, options)
                return threaded(value(*arguments, **options))

            return call

        async def wait(*arguments, **options):
            arguments, options = bare(arguments, options)
            return threaded(await on_thread(value, *arguments, **options))

        return wait

    async def __aenter__(self):
        await on_thread(self.wrapped.__enter__)
        return self

    async def __aexit__(self, *raised):
        await on_thread(self.wrapped.__exit__, *raised)

    async def __aiter__(self):
        iterator = iter(self.wrapped)
        while (element := await on_thread(next, iterator, END)) is not END:
            yield element


class Blocking:
    """azure.servicebus"""

    name = "sync"

    @staticmethod
    def connect(connection_string, **options):
        return Threaded(azure.servicebus.ServiceBusClient.from_connection_string(connection_string, **options))

    @staticmethod
    def with_credential(namespace, credential, **options):
        return Threaded(azure.servicebus.ServiceBusClient(namespace, credential, **options))

    @staticmethod
    def renewer(**options):
        return Threaded(azure.servicebus.AutoLockRenewer(**options))

    @staticmethod
    def on_failure(note):
        """A callback for a renewer; the blocking one calls it."""
        return note

    @staticmethod
    def credential(token):
        """A token credential, as those of azure-identity are, that asks a function for each token."""

        class Credential:
            def get_token(self, *_scopes, **_options):
                return token()

        return Credential()


class Asynchronous:
    """azure.servicebus.aio"""

    name = "async"

    @staticmethod
    def connect(connection_string, **options):
        return azure.servicebus.aio.ServiceBusClient.from_connection_string(connection_string, **options)

    @staticmethod
    def with_credential(namespace, credential, **options):
        return azure.servicebus.aio.ServiceBusClient(namespace, credential, **options)

    @staticmethod
    def renewer(**options):
        return azure.servicebus.aio.AutoLockRenewer(**options)

    @staticmethod
    def on_failure(note):
        """A callback for a renewer; the asynchronous one awaits it."""

        async def call(renewable, error):
            note(renewable, error)

        return call

    @staticmethod
    def credential(token):
        """A token credential, as those of azure-identity.aio are, that asks a function for each token."""

        class Credential:
            async def get_token(self, *_scopes, **_options):
                return token()

        return Credential()


CLIENTS = (Blocking, Asynchronous)
