"""Programs that say in their user agent that they are no person's browser. Pure."""

import re
from functools import lru_cache
from typing import Final

# Robots that say so, monitors and link previews among them; headless browsers are programs too. A Cubot is a phone.
_BOT: Final = re.compile(
    r"(?<!cu)bot(?:\b|_)|crawl|spider|slurp|headless|phantomjs|lighthouse|pingdom|uptime|monitor|preview|scrap[ey]"
    r"|facebookexternalhit|embedly|mediapartners|feedfetcher|archiver|validator|^curl/|^wget|python-|^java/|go-http|libwww",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_bot(user_agent: str) -> bool:
    """Whether the user agent says that it is a program of its own accord."""
    return _BOT.search(user_agent) is not None
