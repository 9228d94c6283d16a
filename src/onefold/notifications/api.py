"""The door of the slice `notifications`: tell users something. Free of Django."""

from onefold.notifications.store import (
    News,
    Notification,
    count_unseen,
    end,
    last_visit,
    notifications_of,
    tell,
    tell_lasting,
)

__all__ = ["News", "Notification", "count_unseen", "end", "last_visit", "notifications_of", "tell", "tell_lasting"]
