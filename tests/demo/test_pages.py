"""What README and tutorial tell a newcomer to type works on a running demo, and answers as they say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.demo.shop import Demo
from tests.demo.snippets import ROOT, documents, is_shown, snippets
from tests.node import node, node_modules
from tests.waiting import wait_until


def located(text: str, demo: Demo) -> str:
    """A page's text with this demo's addresses and keys."""
    text = text.replace("http://127.0.0.1:8088", demo.collector).replace("http://127.0.0.1:8000", demo.web)
    text = text.replace("http://127.0.0.1:8090", demo.shop)
    text = re.sub(r"(?<![$\w])WRITE_KEY", demo.key("write key"), text)
    return re.sub(r"(?<![$\w])SECRET_KEY", demo.key("secret key"), text)


def run(command: list[str], demo: Demo, **environ: str) -> str:
    """What a command prints; it must end well."""
    keys = {"WRITE_KEY": demo.key("write key"), "SECRET_KEY": demo.key("secret key")}
    done = subprocess.run(
        command, env=os.environ | keys | environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(text: str, demo: Demo) -> str:
    """What a shell prints; `curl` says nothing but the answers, and fails on errors of HTTP."""
    quiet = located(text, demo).replace("curl ", "curl --silent --show-error --fail-with-body ")
    return run(["sh", "-ec", quiet], demo)


def name_of(demo: Demo, identifier: str) -> str:
    """What the API calls a person; waits until it knows them."""

    def answer() -> httpx.Response | None:
        answered = demo.ask("GET", f"/profiles/{identifier}")
        return answered if answered.status_code == 200 else None

    return str(wait_until(answer, 20, identifier).json()["name"])


def test_readme_sends_a_first_event_from_three_languages(demo: Demo, tmp_path: Path) -> None:
    blocks = list(snippets("README.md"))
    sends, asks = [block.text for block in blocks if block.language == "sh"]
    (python,) = [block.text for block in blocks if block.language == "python"]
    (script,) = [block.text for block in blocks if block.language == "js"]
    shell(sends, demo)
    run([sys.executable, "-W", "ignore", "-c", located(python, demo)], demo)
    path = tmp_path / "first.cjs"
    path.write_text(located(script, demo), "utf-8")
    run([node(), str(path)], demo, NODE_PATH=str(node_modules()))
    assert name_of(demo, "email:ada@example.com") == "Ada Lovelace"
    assert name_of(demo, "email:grace@example.com") == "Grace Hopper"
    assert name_of(demo, "email:margaret@example.com") == "Margaret Hamilton"
    (answer,) = documents(shell(asks, demo))
    assert answer["name"] == "Ada Lovelace"


# what an application does after the settings of a how-to, by the library named in them
_PYTHON: Final = "analytics.identify({id!r}, {{'name': 'Set Up'}})\nanalytics.shutdown()"
_NODE: Final = "analytics.identify({{userId: {id!r}, traits: {{name: 'Set Up'}}}})\n"
IDENTIFY: Final = {
    "segment.analytics": _PYTHON,
    "rudderstack.analytics": _PYTHON,
    "@segment/analytics-node": _NODE + "analytics.closeAndFlush()",
    "@rudderstack/rudder-sdk-node": _NODE + "analytics.flush()",
    "@jitsu/js": "analytics.identify({id!r}, {{name: 'Set Up'}})",
}


@pytest.mark.parametrize("library", IDENTIFY)
def test_settings_of_the_how_to_reach_the_collector(demo: Demo, tmp_path: Path, library: str) -> None:
    (settings,) = [
        block.text
        for block in snippets("docs/howto/send-events.md")
        if re.search(rf"(import |require\('){re.escape(library)}\b", block.text)
    ]
    user_id = f"set-up-by-{re.sub('[^a-z]', '', library)}"
    text = re.sub(r"\bKEY\b", demo.key("write key"), located(settings, demo)) + IDENTIFY[library].format(id=user_id)
    if "require(" in text:
        path = tmp_path / "settings.cjs"
        path.write_text(text, "utf-8")
        run([node(), str(path)], demo, NODE_PATH=str(node_modules()))
    else:
        run([sys.executable, "-W", "ignore", "-c", text], demo)
    assert name_of(demo, f"user_id:{user_id}") == "Set Up"


def test_tutorial_answers_as_it_says(demo: Demo) -> None:
    compared, answers = 0, ""
    for block in snippets("docs/tutorials/first-ten-minutes.md"):
        if block.language == "sh":
            demo.settle()
            answers = shell(block.text, demo)
        elif block.language == "json":
            shown, given = documents(block.text), documents(answers)
            assert is_shown(shown, given), f"{block.text}\nis shown, but the answer is\n{answers}"
            compared += 1
    assert compared > 7


def test_tutorial_shows_what_the_demo_prints(demo: Demo) -> None:
    (shown,) = [block.text for block in snippets("docs/tutorials/first-ten-minutes.md") if "Ctrl-C" in block.text]
    for line in shown.splitlines():
        parts = [re.escape(part) for part in located(line, demo).split("…")]
        assert re.search(r"\S+".join(parts), demo.said()), line


def test_tutorial_leads_to_people_of_the_shop(demo: Demo) -> None:
    page = (ROOT / "docs/tutorials/first-ten-minutes.md").read_text("utf-8")
    for text, status in (("device_id:KIOSK-TROMSO-1", 404), ("user_id:C-99001", 200)):
        assert text.removeprefix("user_id:") in page
        assert demo.ask("GET", f"/profiles/{text}").status_code == status
