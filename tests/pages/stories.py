"""guv's real processes, a made-up Heroku and broker, and an app at work, for stories."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from sandbox.fleet import OAUTH_SECRET, PROCESSES, Surroundings, fleet
from sandbox.heroku.model import AddOn, App
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.workload import MemoryQueue, Shape, Tenant, Work, Workload

QUEUE, WORK_S = "orders", 0.5


@dataclass(frozen=True, slots=True)
class Story:
    """Where a story plays.

    Attributes:
        sandbox: Heroku, New Relic and the broker.
        url: Where guv's pages are.
        addon: The add-on, provisioned and not set up.
        queue: The app's queue.
        broker_url: Its broker's address, for guv.
    """

    sandbox: Sandbox
    url: str
    addon: AddOn
    queue: MemoryQueue
    broker_url: str

    @property
    def app(self) -> App:
        """Return the app."""
        return self.addon.app

    @property
    def dynos(self) -> int:
        """Return how many dynos Heroku is asked to run."""
        return self.app.types["worker"].quantity

    def publish(self, count: int) -> None:
        """Publish messages, each a job."""
        with self.queue.producing() as sender:
            for _ in range(count):
                sender.send(repr(time.monotonic()))

    def empty(self) -> None:
        """Take all messages from the queue."""
        with self.queue.consuming() as hands:
            while (job := hands.take(0.01)) is not None:
                hands.ack(job)


@contextmanager
def a_story(around: Callable[[str], Surroundings], folder: Path) -> Iterator[Story]:
    """Run an app at work whose owner has just added guv."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(Outside(Heroku(client_secret=OAUTH_SECRET))))
        guv = stack.enter_context(fleet(around(sandbox.url), folder, *PROCESSES))
        app = sandbox.heroku.new_app("shop", {"worker": 1}, boot_delay=1.0)
        addon = guv.create_addon(sandbox, app)
        access = sandbox.broker.new_vhost("shop")
        queue = MemoryQueue(sandbox.broker, access.vhost, QUEUE)
        with queue.producing():
            pass  # declares the queue
        tenant = Tenant(sandbox.heroku, app, "worker", queue, Work(WORK_S), 15)
        stack.enter_context(Workload(tenant, Shape(mean=0)).running())
        yield Story(sandbox, guv.api_url, addon, queue, access.management_url(sandbox.url))


def reload_until(page: Page, wanted: Locator, seconds: float = 30) -> None:
    """Reload a page until it shows an element.

    Raises:
        AssertionError: It never did; the message has the text of the page.
    """
    end = time.monotonic() + seconds
    while not wanted.count():
        assert time.monotonic() < end, page.locator("main").inner_text()
        page.wait_for_timeout(500)
        page.reload()


def until(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition is true.

    Raises:
        AssertionError: It was not in time.
    """
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)
