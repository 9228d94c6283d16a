"""Settings are read once, and every fault is told at once."""

from pathlib import Path

import pytest

from onefold.config import Secret, SettingsRejected, child_environment, load_settings, variables


def test_nothing_set_gives_working_defaults() -> None:
    settings = load_settings({})
    assert settings.database.url is None
    assert (settings.collector.port, settings.web.port) == (8088, 8000)
    assert settings.collector.max_event_bytes == 32_768
    assert settings.database.data_dir == Path.cwd() / "onefold-data"


def test_values_are_parsed() -> None:
    environ = {
        "DATABASE_URL": "postgresql://me:pw@db.example/onefold",
        "ONEFOLD_COLLECTOR_PORT": " 99 ",
        "ONEFOLD_WEB_ALLOWED_HOSTS": "a.example, b.example,",
        "ONEFOLD_LOG_LEVEL": "",
    }
    settings = load_settings(environ)
    assert settings.database.url == Secret("postgresql://me:pw@db.example/onefold")
    assert settings.collector.port == 99
    assert settings.web.allowed_hosts == ("a.example", "b.example")
    assert settings.log.level == "info"


def test_all_faults_are_told_together() -> None:
    environ = {
        "DATABASE_URL": "mysql://me:hunter2@db/onefold",
        "ONEFOLD_WEB_PORT": "70000",
        "ONEFOLD_COLLECTOR_PORT": "http",
        "ONEFOLD_LOG_LEVEL": "loud",
        "ONEFOLD_WEB_SECRET_KEY": "hunter2",
        "ONEFOLD_WEB_PROT": "1",
    }
    with pytest.raises(SettingsRejected) as refusal:
        load_settings(environ)
    text = str(refusal.value)
    assert all(name in text for name in environ)
    assert "hunter2" not in text
    assert "must be one of debug, error, info, warning" in text
    assert "Did you mean ONEFOLD_WEB_PORT?" in text
    assert "ONEFOLD_WEB_PORT: must be a whole number from 1 to 65535, is '70000'." in text
    assert "ONEFOLD_COLLECTOR_PORT: must be a whole number from 1 to 65535, is 'http'." in text


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("ONEFOLD_COLLECTOR_MAX_EVENTS", "0", "a whole number, 1 or more"),
        ("ONEFOLD_PROCESSOR_MIN_INTERVAL_MS", "1.5", "a whole number, 0 or more"),
        ("ONEFOLD_WEB_PROXY_COUNT", "abc", "a whole number from 0 to 10"),
    ],
)
def test_wrong_numbers_are_told_in_words(name: str, text: str, rule: str) -> None:
    with pytest.raises(SettingsRejected) as refusal:
        load_settings({name: text})
    assert f"{name}: must be {rule}, is '{text}'." in str(refusal.value)


@pytest.mark.parametrize("name", ["ONEFOLD_FOO", "ONEFOLD_PORT", "ONEFOLD_SECRET"])
def test_only_near_names_are_suggested(name: str) -> None:
    with pytest.raises(SettingsRejected) as refusal:
        load_settings({name: "1"})
    assert "there is no such setting." in str(refusal.value)
    assert "Did you mean" not in str(refusal.value)


def test_secrets_never_show() -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://me:hunter2@db/x", "ONEFOLD_WEB_SECRET_KEY": "k" * 32})
    assert "hunter2" not in repr(settings)
    assert "kkk" not in f"{settings.web.secret_key}"
    assert settings.web.secret_key is not None
    assert settings.web.secret_key.reveal() == "k" * 32


@pytest.mark.parametrize("name", sorted(variables()))
def test_empty_counts_as_absent(name: str) -> None:
    assert load_settings({name: ""}) == load_settings({})


def test_children_get_the_same_database() -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://me:pw@db/x", "ONEFOLD_DATA_DIR": "here"})
    environ = child_environment(settings)
    assert load_settings(environ).database == settings.database
