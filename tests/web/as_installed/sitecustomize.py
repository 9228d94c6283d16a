"""What users don't have: libraries that only development needs, and that others load where they find them."""

import sys

for name in ("greenlet", "jinja2", "pygments", "rich"):
    sys.modules[name] = None  # type: ignore[assignment]  # so that its import is refused
