"""Partitions of samples and decisions, rollups by the minute, and chores.

The existing tables become the first partition of the new ones, so nothing is copied. Code that
does not know `kept` writes rows that are kept for long.

Revision: 0008
Follows: 0007
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DECISION_INDEXES = {
    "uq_decision_role_id_at": "unique index {} on {} (role_id, at, kept)",
    "ix_decision_tenant_id_at_id": "index {} on {} (tenant_id, at, id)",
    "ix_decision_tenant_id_reason_at_id": "index {} on {} (tenant_id, reason, at, id)",
    "ix_decision_changed": "index {} on {} (tenant_id, at, id) where direction <> 'hold'",
    "ix_decision_eventful": "index {} on {} (tenant_id, at, id) where outcome <> 'held'",
}
IN_ORDER = (
    "create index ix_{0}_at on {0} using brin (at) with (pages_per_range = 16, autosummarize = on)"
)
SUMS = (
    "role_id uuid not null references role (id) on delete cascade, at timestamptz not null,"
    " width_s smallint not null, ticks smallint not null, changes smallint not null,"
    " refused smallint not null, failed smallint not null, without_data smallint not null,"
    " at_maximum smallint not null, waiting_ticks smallint not null,"
    " dynos_ticks smallint not null, desired_ticks smallint not null,"
    " seconds double precision not null,"
    " waiting_min bigint, waiting_max bigint, waiting_sum double precision,"
    " unacknowledged_max bigint,"
    " dynos_min integer, dynos_max integer, dynos_sum integer,"
    " desired_min integer, desired_max integer, desired_sum integer,"
    " predicted_wait_max double precision, arrived bigint, served bigint, timed bigint,"
    " in_time double precision"
)


def upgrade() -> None:
    now = datetime.now(UTC)  # noqa: TID251  # a migration is nobody's function
    for column in (
        sa.Column("arrived", sa.BigInteger()),
        sa.Column("served", sa.BigInteger()),
        sa.Column("in_time", sa.Double()),
        sa.Column("seconds", sa.Double()),
        sa.Column("at_maximum", sa.Boolean()),
    ):
        op.add_column("decision", column)
    op.add_column("role", sa.Column("unusual", sa.Text()))
    op.add_column("role", sa.Column("unusual_kept_at", sa.DateTime(timezone=True)))
    split_decisions(now)
    split_samples(now)
    split_usage(now)
    add_rollups(now)
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore")),
    )


def split_decisions(now: datetime) -> None:
    op.execute("alter table decision add column kept boolean not null default true")
    op.execute("alter table decision rename to decision_before")
    op.execute("alter table decision_before drop constraint pk_decision")
    op.execute("alter table decision_before alter column id drop identity")
    for name in DECISION_INDEXES:
        op.execute(f"drop index {name}")
    op.execute(
        "create table decision (like decision_before including defaults including constraints,"
        " constraint pk_decision primary key (id, at, kept)) partition by list (kept)"
    )
    op.execute("alter table decision alter column id add generated always as identity")
    op.execute(
        "select setval(pg_get_serial_sequence('decision', 'id'),"
        " (select coalesce(max(id), 0) + 1 from decision_before), false)"
    )
    op.execute(
        "alter table decision add constraint fk_decision_role_id_role"
        " foreign key (role_id) references role (id) on delete cascade"
    )
    for name, index in DECISION_INDEXES.items():
        op.execute(f"create {index.format(name, 'decision')}")
    op.execute(IN_ORDER.format("decision"))
    add_classes("decision", now)


def split_samples(now: datetime) -> None:
    op.execute("alter table sample add column kept boolean not null default true")
    op.execute("alter table sample rename to sample_before")
    op.execute("alter table sample_before drop constraint pk_sample")
    op.execute(
        "create table sample (like sample_before including defaults including constraints,"
        " constraint pk_sample primary key (role_id, at, kept)) partition by list (kept)"
    )
    op.execute(
        "alter table sample add constraint fk_sample_role_id_role"
        " foreign key (role_id) references role (id) on delete cascade"
    )
    op.execute(IN_ORDER.format("sample"))
    add_classes("sample", now)


def add_classes(table: str, now: datetime) -> None:
    """Partition what is kept for long by month and the rest by day; old rows are kept for long."""
    op.execute(
        f"create table {table}_kept partition of {table} for values in (true)"
        " partition by range (at)"
    )
    op.execute(
        f"create table {table}_full partition of {table} for values in (false)"
        " partition by range (at)"
    )
    attach_old(f"{table}_kept", f"{table}_before", "at", now)
    add_days(f"{table}_full", now)


def split_usage(now: datetime) -> None:
    op.execute("alter table usage_hour rename to usage_hour_before")
    op.execute("alter table usage_hour_before drop constraint pk_usage_hour")
    op.execute("drop index ix_usage_hour_tenant_id_hour")
    op.execute(
        "create table usage_hour (like usage_hour_before,"
        " constraint pk_usage_hour primary key (role_id, hour, dyno_size))"
        " partition by range (hour)"
    )
    op.execute(
        "alter table usage_hour add constraint fk_usage_hour_role_id_role"
        " foreign key (role_id) references role (id) on delete cascade"
    )
    op.execute("create index ix_usage_hour_tenant_id_hour on usage_hour (tenant_id, hour)")
    attach_old("usage_hour", "usage_hour_before", "hour", now)


def add_rollups(now: datetime) -> None:
    op.execute(
        f"create table rollup ({SUMS}, constraint pk_rollup primary key (role_id, at, width_s))"
        " partition by list (width_s)"
    )
    op.execute(IN_ORDER.format("rollup"))
    for width in (60, 300):
        op.execute(
            f"create table rollup_{width} partition of rollup for values in ({width})"
            " partition by range (at)"
        )
    add_days("rollup_60", now)
    add_month("rollup_300", month_of(now))
    op.execute("create table rollup_300_rest partition of rollup_300 default")


def attach_old(parent: str, old: str, column: str, now: datetime) -> None:
    """Attach the old table as a partition up to the end of this month, or of its last row's."""
    last = op.get_bind().execute(sa.text(f"select max({column}) from {old}")).scalar()
    end = following(month_of(max(now, last or now)))
    op.execute(
        f"alter table {parent} attach partition {old} for values from (minvalue) to ('{end}')"
    )
    add_month(parent, end)
    op.execute(f"create table {parent}_rest partition of {parent} default")


def add_days(parent: str, now: datetime) -> None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(4):
        day = today + timedelta(days=ahead)
        op.execute(
            f"create table {parent}_{day:%Y_%m_%d} partition of {parent}"
            f" for values from ('{day}') to ('{day + timedelta(days=1)}')"
        )
    op.execute(f"create table {parent}_rest partition of {parent} default")


def add_month(parent: str, month: datetime) -> None:
    op.execute(
        f"create table {parent}_{month:%Y_%m} partition of {parent}"
        f" for values from ('{month}') to ('{following(month)}')"
    )


def month_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def following(month: datetime) -> datetime:
    return month_of(month + timedelta(days=32))


def downgrade() -> None:
    op.drop_table("chore")
    op.drop_table("rollup")
    join("usage_hour", "primary key (role_id, hour, dyno_size)")
    op.execute("create index ix_usage_hour_tenant_id_hour on usage_hour (tenant_id, hour)")
    join("sample", "primary key (role_id, at)")
    join("decision", "primary key (id)")
    for name, index in DECISION_INDEXES.items():
        op.execute(f"create {index.format(name, 'decision')}".replace(", kept)", ")"))
    op.execute("alter table decision alter column id add generated always as identity")
    op.execute(
        "select setval(pg_get_serial_sequence('decision', 'id'),"
        " (select coalesce(max(id), 0) + 1 from decision), false)"
    )
    for column in ("at_maximum", "seconds", "in_time", "served", "arrived", "kept"):
        op.drop_column("decision", column)
    op.drop_column("sample", "kept")
    op.drop_column("role", "unusual_kept_at")
    op.drop_column("role", "unusual")


def join(table: str, key: str) -> None:
    """Copy all rows back into one table without partitions."""
    op.execute(f"alter table {table} rename to {table}_parts")
    op.execute(f"alter table {table}_parts drop constraint pk_{table}")
    op.execute(
        f"create table {table} (like {table}_parts including defaults including constraints)"
    )
    op.execute(f"insert into {table} select * from {table}_parts")
    op.execute(f"drop table {table}_parts")
    op.execute(f"alter table {table} add constraint pk_{table} {key}")
    op.execute(
        f"alter table {table} add constraint fk_{table}_role_id_role"
        " foreign key (role_id) references role (id) on delete cascade"
    )
