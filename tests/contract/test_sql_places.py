"""SQL stands in the queries of its subject; every other module that has some is named here."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATEMENTS = {"select", "insert", "update", "delete", "text"}
LIBRARIES = ("sqlalchemy", "sqlmodel")

# Modules of a subject in guv that hold its queries under a name of their own.
SUBJECTS = {
    "guv/history/decisions.py": "queries of one table, decisions",
    "guv/roles/scaling_input.py": "queries of a tick's past beyond its samples",
    "guv/history/samples.py": "queries of one table, samples",
    "guv/history/series.py": "queries of charts, made of samples, decisions and rollups",
    "guv/history/usage.py": "queries of one table, usage by the hour",
    "guv/roles/fleet_health.py": "the one look over the roles of all tenants",
    "guv/roles/overview.py": "the one query of the overview, joined over subjects",
    "guv/roles/tick_schedule.py": "the queue of due roles, over all tenants",
    "guv/settings/change_log.py": "queries of one table, changes of settings",
    "guv/settings/past_settings.py": "settings as they were, from the change log",
    "guv/tenants/keys.py": "queries of one table, API keys",
    "guv/tenants/pending_provisioning.py": "the queue of unfinished provisionings",
    "guv/tenants/webhook_subscription.py": "queries of one table, subscriptions",
    "guv/web_metrics/drains.py": "queries of one table, log drains",
    "guv/web_metrics/dyno_events.py": "queries of one table, dyno events",
}
# Statements that belong to no subject's rows, or to the process that owns the rows.
EXCEPTIONS = {
    "guv/heroku/oauth.py": "takes an advisory lock, around the exchange of a grant",
    "guv/lease_queue.py": "builds the statement that takes a row of any lease queue",
    "guv/rotate_keys.py": "reseals the secrets of every table, whatever its subject",
    "worker/maintenance/log_deliveries.py": "adds log lines to sums, which only it writes",
    "worker/maintenance/partitions.py": "creates and drops partitions, which are no rows",
    "worker/maintenance/rollups.py": "computes rollups, which only it writes",
    "worker/maintenance/tasks.py": "takes the upkeep that is due, of no tenant",
    "worker/notifications/deliveries.py": "reads the incident that it delivers",
    "worker/notifications/feeds.py": "moves a feed on after its events were sent",
    "worker/replays/job.py": "claims a replay and writes its progress and result",
}
TICK = "worker/tick/"  # writes a tick's own rows in bulk, and reads what it decides from at once


def builds_statements(tree: ast.Module) -> bool:
    """Whether a module calls a constructor of SQL statements that it imported."""
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(LIBRARIES)
        for name in node.names
        if name.name in STATEMENTS
    }
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported
        for node in ast.walk(tree)
    )


def modules_with_sql(*packages: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if path.name not in {"queries.py", "models.py"}
        and builds_statements(ast.parse(path.read_text()))
    }


def test_sql_stands_only_in_queries_and_in_the_modules_named_here() -> None:
    elsewhere = {
        path for path in modules_with_sql("api", "worker", "guv") if not path.startswith(TICK)
    }
    assert elsewhere == SUBJECTS.keys() | EXCEPTIONS.keys()


def test_the_api_builds_no_sql() -> None:
    assert modules_with_sql("api") == set()
