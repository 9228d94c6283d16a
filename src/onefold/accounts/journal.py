"""Entries of the audit log from code that writes by Django's connection."""

from typing import Any, cast

from django.db import connection

from onefold.accounts.audit import Executes, audit


def note(actor: str, action: str, target: str, **details: Any) -> None:  # noqa: ANN401 values of JSON
    """As `audit`, in Django's transaction under way."""
    with connection.cursor() as cursor:
        audit(cast("Executes", cursor), actor=actor, action=action, target=target, details=details)
