"""An OpenID Connect provider on loopback that vouches for whom the test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def provider(person: dict[str, Any]) -> Iterator[str]:
    """Its address; `person` holds the claims about who signs in, and may change meanwhile."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(person if self.path == "/userinfo" else self._discovery())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({"access_token": "a", "token_type": "Bearer", "expires_in": 60})

        def _discovery(self) -> dict[str, Any]:
            ends = ("authorization", "token", "userinfo")
            return {"issuer": address, "jwks_uri": f"{address}/jwks"} | {
                f"{end}_endpoint": f"{address}/{end}" for end in ends
            }

        def _answer(self, body: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield address
        server.shutdown()
        thread.join(5)
