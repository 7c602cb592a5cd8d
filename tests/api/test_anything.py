"""Arbitrary input, which is accepted or refused in the error form."""

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guv.settings.schema import SettingsValues
from tests.api.callers import HerokuCaller, TenantCaller

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["worker", "UTC", "hold", "amqps://u:p@127.0.0.1:9/v", "2027-01-01T00:00Z"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = sorted(
    {*SettingsValues.model_fields, "url", "uuid", "plan", "name", "region", "oauth_grant", "code"}
)
BODIES = JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5)
PATHS = st.sampled_from(
    ["/settings", "/apps", "/apps/{0}", "/apps/{0}/settings"]
) | st.sampled_from(
    ["/apps/{0}/broker", "/apps/{0}/roles", "/apps/{0}/roles/{1}", "/decisions", "/incidents"]
)
METHODS = st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST"])
QUERIES = st.dictionaries(
    st.sampled_from(["app", "role", "from", "to", "limit", "cursor", "reason", "x"]),
    st.text(max_size=20),
    max_size=3,
)
often = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def is_sound(answer: Any) -> bool:
    if answer.status_code < 400:
        return True
    return answer.status_code < 500 and set(answer.json()) == {"id", "message", "fields"}


@often
@given(method=METHODS, path=PATHS, role=st.text(max_size=12), body=BODIES, query=QUERIES)
def test_any_input_of_a_tenant_gets_an_answer_or_a_proper_error(  # a request has that many parts
    caller: TenantCaller, method: str, path: str, role: str, body: Any, query: dict[str, str]
) -> None:
    where = path.format(caller.app.name, quote(role, safe="") or "worker")
    answer = caller.ask(method, where, None if method == "GET" else body, params=query)
    assert is_sound(answer), (answer.status_code, answer.text)


@often
@given(method=METHODS, resource=st.text(max_size=12) | st.uuids().map(str), body=BODIES)
def test_any_input_of_heroku_gets_an_answer_or_a_proper_error(
    heroku: HerokuCaller, method: str, resource: str, body: Any
) -> None:
    path = "" if method == "POST" else f"/{quote(resource, safe='')}"
    answer = heroku.ask(method, path, body)
    assert is_sound(answer), (answer.status_code, answer.text)
