"""Queues of notifications that are due, over all tenants."""

from datetime import timedelta

from guv.incidents.models import Incident
from guv.lease_queue import LeaseQueue
from guv.settings.models import SettingsLevel

_INCIDENT = Incident.metadata.tables["incident"]
_LEVEL = SettingsLevel.metadata.tables["settings_level"]

# Incidents with a notification that is due; 30 s suffice for one attempt at each target.
DELIVERIES = LeaseQueue(_INCIDENT.c.id, _INCIDENT.c.notify_at, timedelta(seconds=30))
# Levels of settings whose target gets the decisions of the last minute as events.
FEEDS = LeaseQueue(_LEVEL.c.subject_id, _LEVEL.c.feed_at, timedelta(seconds=60))
