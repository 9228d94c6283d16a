"""Makes the slice known to Django, for its migrations, and what it says of people to their lists."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """The slice `crm`."""

    name = "onefold.crm"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What the CRM knows of people is asked by their lists and pages."""
        from onefold.crm.person_more import tell_of_people  # apps are loaded before anything of Django may be

        tell_of_people()
