"""The door of the slice `webhooks`: tell endpoints what happened, in the transaction in which it did."""

from onefold.webhooks.rules import is_asked
from onefold.webhooks.store import Listener, Message, listeners, queue

__all__ = ["Listener", "Message", "is_asked", "listeners", "queue"]
