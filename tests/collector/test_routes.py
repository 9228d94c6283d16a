"""Every path that a client uses, and the ways in which its base is got wrong."""

import pytest

from onefold.programs.collector.routes import KINDS, Action, Route, route_of


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", ["/v1/{}", "/{}", "/v1/{}/", "//v1//{}", "/v1/v1/{}", "/V1/{}", "{}"])
def test_calls(name: str, shape: str) -> None:
    assert route_of(shape.format(name)) == Route(Action.EVENTS, KINDS[name])


@pytest.mark.parametrize(
    "path",
    ["/v1/batch", "/batch", "/v1/b", "/b", "/v1/batch/", "/v1/batch/b", "/v1/batch/v1/batch", "/beacon/v1/batch"],
)
def test_batches(path: str) -> None:
    assert route_of(path) == Route(Action.EVENTS)


def test_an_import_is_bulk() -> None:
    assert route_of("/v1/import") == Route(Action.EVENTS, is_bulk=True)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/s/track", "track"), ("/api/s/s2s/identify", "identify"), ("/api/s/batch", ""), ("/api/s/purchase", "")],
)
def test_jitsu(path: str, kind: str) -> None:
    assert route_of(path) == Route(Action.EVENTS, kind, is_jitsu=True)


@pytest.mark.parametrize("path", ["/v1/pixel/track", "/pixel/v1/track", "/pixel/track/", "/pixel/pixel/track"])
def test_pixels(path: str) -> None:
    assert route_of(path) == Route(Action.PIXEL, "track")


@pytest.mark.parametrize(
    "path", ["/v1/projects/Pk_X/settings", "/projects/Pk_X/settings", "/v1/projects/projects/Pk_X/settings/"]
)
def test_settings_keep_the_case_of_the_key(path: str) -> None:
    assert route_of(path) == Route(Action.SETTINGS, write_key="Pk_X")


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/", "/v1/sourceConfig", "/sourceconfig"])
def test_source_config(path: str) -> None:
    assert route_of(path) == Route(Action.SOURCE_CONFIG)


def test_others() -> None:
    assert route_of("/health") == Route(Action.HEALTH)
    assert route_of("/v1/m") == Route(Action.METRICS)


@pytest.mark.parametrize(
    "path", ["", "/", "/v1", "/v1/purchase", "/admin/track", "/pixel", "/pixel/batch", "/settings"]
)
def test_anything_else_is_unknown(path: str) -> None:
    assert route_of(path) == Route(Action.UNKNOWN)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/onefold.js", "analytics.min.js"),
        ("/analytics.js/v1/pk_1/analytics.min.js", "analytics.min.js"),
        ("/analytics.js/v1/pk_1/platform/analytics.min.js", "analytics.min.js"),
        ("/analytics-next/bundles/schemaFilter.bundle.a6a7.js", "schemaFilter.bundle.a6a7.js"),
    ],
)
def test_files_of_the_browser_library(path: str, file: str) -> None:
    assert route_of(path) == Route(Action.SDK, file=file)
