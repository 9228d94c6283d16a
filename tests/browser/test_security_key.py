"""A security key as second factor: registered in the settings, then signed in with. It is Chromium's virtual one."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chromium import sign_in
from tests.browser.conftest import PASSWORD, Shop, watches

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_key_is_registered_and_then_signed_in_with(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("")
    local = shop.web.replace("127.0.0.1", "localhost")  # browsers give keys to names, not to addresses
    watches[page].hosts.add(local.removeprefix("http://"))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})["authenticatorId"]
    sign_in(page, local, "keeper", PASSWORD)
    page.goto(f"{local}/account/second-factor/")
    page.get_by_role("link", name="Add a key").click()
    if page.get_by_label("Password").count():  # asked again before changing how one signs in
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_text("recovery", exact=False).first).to_be_visible()
    stored = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert [one["rpId"] for one in stored] == ["localhost"]
    page.context.clear_cookies()
    page.goto(f"{local}/signin")
    page.get_by_label("User name or e-mail").fill("keeper")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url(f"{local}/")
    page.goto(f"{local}/account/second-factor/")
    expect(page.get_by_text("Blue key")).to_be_visible()
