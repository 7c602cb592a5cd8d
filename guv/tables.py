"""All tables, imported for their metadata: migrations and foreign keys need every one.

Secrets are in `*_sealed` columns only (`guv.crypto.Sealer`), API keys only as a hash. Every row
that belongs to a tenant has a `tenant_id`.
"""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

import guv.apps.models
import guv.history.models
import guv.incidents.models
import guv.replays.models
import guv.roles.models
import guv.settings.models
import guv.tenants.models
import guv.web_metrics.models
from guv.columns import instant

__all__ = ["Chore", "guv"]


class Chore(SQLModel, table=True):
    """A periodic task of guv's own upkeep (`worker.maintenance`) and how far it got."""

    __tablename__ = "chore"

    name: str = Field(sa_type=Text, primary_key=True)
    due_at: datetime = instant()
    done_until: datetime | None = instant(default=None)
