import pytest

from guv.errors import BadRequest, GuvError
from worker.standalone.roles import FileRole, read_roles


def roles(text: str, app: str | None = "shop") -> dict[str, FileRole]:
    return {role.key: role for role in read_roles(text, app)}


def faults(text: str, app: str | None = "shop") -> dict[str, str]:
    with pytest.raises(GuvError) as refused:
        read_roles(text, app)
    return {fault.field: fault.message for fault in refused.value.fields}


def test_an_empty_roles_file_is_refused() -> None:
    with pytest.raises(BadRequest, match="empty"):
        read_roles("", "shop")


def test_a_roles_file_of_guv_0_3_is_accepted() -> None:
    text = """
    '*': {app: shop, deadline: 120, p: 2}
    worker: {queue: orders, min: 0, max: 10, concurrency: 4}
    mailer: {app: news, deadline: 300}
    """
    parsed = roles(text, None)

    assert list(parsed) == ["shop/worker", "news/mailer"]
    worker, mailer = (role.effective for role in parsed.values())
    assert (worker.target_deadline, mailer.target_deadline) == (120, 300)
    assert (worker.queues, mailer.queues) == (["orders"], ["mailer"])
    assert (worker.minimum_dynos, worker.maximum_dynos) == (0, 10)
    assert mailer.process_type == "mailer"


def test_settings_of_an_app_as_a_whole_hold_for_its_roles() -> None:
    parsed = roles("'*': {apps: {shop: {max: 9}}}\nworker: {}\nmails: {app: news}")

    assert parsed["shop/worker"].effective.maximum_dynos == 9
    assert parsed["news/mails"].effective.maximum_dynos == 5


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("worker: {min: 5, max: 2}", "worker.minimum_dynos", "at most 2"),
        ("worker: {minimun: 1}", "worker.minimun", "did you mean"),
        ("'*': {broker: 'amqp://u:marker@h'}\nworker: {}", "*.broker", "GUV_BROKER"),
        ("'*': {apikey: marker}\nworker: {}", "*.apikey", "HEROKU_API_KEY"),
        ("a: {w: worker}\nb: {w: worker}", "b.process_type", "'a' already"),
        ("worker: {monthly_dyno_hours: 9.5}", "worker.monthly_dyno_hours", "the service"),
        ("worker: {signal: web}", "worker.signal", "the service"),
        (
            "'*': {notify: {new_relic: {account_id: 1, license_key: marker-123}}}\nworker: {}",
            "*.notify",
            "exit status",
        ),
        ("{}", "", "names no role"),
    ],
)
def test_an_invalid_setting_is_named_with_its_role_and_what_would_be_right(
    text: str, field: str, message: str
) -> None:
    parsed = faults(text)
    assert message in parsed[field]
    assert "marker" not in str(parsed)


def test_a_role_without_an_app_is_refused() -> None:
    assert "--app or GUV_APP" in faults("worker: {}", None)["worker.app"]
