"""What the worker does for the CRM."""

from onefold.crm.joining import join_by_domain
from onefold.infra.postgres import connect


def join_people(url: str, *, is_thorough: bool) -> int:
    """Puts people into the companies at whose domain their e-mail is; how many."""
    with connect(url, "companies", autocommit=True) as conn:
        return join_by_domain(conn, is_thorough=is_thorough)
