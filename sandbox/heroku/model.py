"""Heroku's things: apps, their process types and dynos, add-ons, and what happened to them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

SIZES = (
    "Eco",
    "Basic",
    "Standard-1X",
    "Standard-2X",
    "Performance-M",
    "Performance-L",
    "Private-S",
    "Private-M",
    "Private-L",
)


class DynoState(StrEnum):
    """What Heroku says of a dyno that is meant to run."""

    STARTING = "starting"
    UP = "up"


class AddOnState(StrEnum):
    """How far an add-on resource has come."""

    PROVISIONING = "provisioning"
    PROVISIONED = "provisioned"
    DEPROVISIONED = "deprovisioned"


@dataclass(frozen=True, slots=True)
class Dyno:
    """One running dyno; `ready_at` is when its boot is over."""

    id: UUID
    process_type: str
    number: int
    created_at: datetime
    ready_at: datetime

    @property
    def name(self) -> str:
        """Such as "worker.3"."""
        return f"{self.process_type}.{self.number}"

    def state(self, now: datetime) -> DynoState:
        """Return STARTING until the boot is over, then UP."""
        return DynoState.UP if now >= self.ready_at else DynoState.STARTING


@dataclass(slots=True)
class ProcessType:
    """One entry of a formation; its quantity is the number of its dynos."""

    id: UUID
    name: str
    size: str
    created_at: datetime
    updated_at: datetime
    dynos: list[Dyno] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        """How many dynos are meant to run."""
        return len(self.dynos)


@dataclass(frozen=True, slots=True)
class Release:
    """One release of an app: what it was, by whom (an e-mail address) and when."""

    id: UUID
    version: int
    description: str
    by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LogDrain:
    """Where an app's log lines go, with the token that its deliveries come with."""

    id: UUID
    url: str = field(repr=False)
    token: str = field(repr=False)
    created_at: datetime


@dataclass(slots=True)
class App:
    """One customer app.

    Attributes:
        boot_delay: How long a dyno takes from its start until it is up.
        limit: The most dynos that one process type may have; None: the size's usual limit.
        locked: Whether a release is under way, so that the formation cannot be changed.
        maintenance: Whether its web dynos are taken off the router.
        config_vars: What the app's dynos see.
        releases: Those that it had, oldest first.
        generation: "cedar" or "fir".
        drains: Its log drains.
        autoscaled: Process types that Heroku's own autoscaling scales.
    """

    id: UUID
    name: str
    created_at: datetime
    boot_delay: timedelta
    types: dict[str, ProcessType]
    limit: int | None = None
    locked: bool = False
    maintenance: bool = False
    config_vars: dict[str, str] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    generation: str = "cedar"
    drains: list[LogDrain] = field(default_factory=list)
    autoscaled: set[str] = field(default_factory=set)

    def find_type(self, identity: str) -> ProcessType | None:
        """Return the process type of that name or id."""
        for process in self.types.values():
            if identity in {process.name, str(process.id)}:
                return process
        return None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a partner wants to be told of what, signed with which secret."""

    id: UUID
    url: str
    include: tuple[str, ...]
    secret: str = field(repr=False)
    created_at: datetime


@dataclass(slots=True)
class AddOn:
    """One add-on resource; `config` is what its partner has set."""

    id: UUID
    name: str
    plan: str
    app: App
    created_at: datetime
    web_url: str = ""
    state: AddOnState = AddOnState.PROVISIONING
    provider_id: str | None = None
    message: str | None = None
    config: dict[str, str] = field(default_factory=dict)
    webhooks: list[Webhook] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FormationChange:
    """One change of a quantity, by whom (an e-mail address) and when."""

    at: datetime
    app: str
    process_type: str
    before: int
    after: int
    by: str
