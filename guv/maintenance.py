"""Table of guv's own upkeep: each task once in its time, however many clocks there are."""

from datetime import datetime

from sqlalchemy import (
    Text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant


class Chore(SQLModel, table=True):
    """Work that guv does for itself again and again, and how far it came."""

    __tablename__ = "chore"

    name: str = Field(sa_type=Text, primary_key=True)
    due_at: datetime = _instant()
    done_until: datetime | None = _instant(default=None)
