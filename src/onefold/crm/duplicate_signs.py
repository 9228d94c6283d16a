"""What signs of duplicates are called. Apart from finding them: programs that do are started without Django's words."""

from typing import Final

from django.utils.translation import gettext_lazy

from onefold.crm.company_duplicates import CompanySign
from onefold.crm.duplicate_keys import Sign

SIGNS: Final = {
    Sign.PHONE: gettext_lazy("Same phone"),
    Sign.MAILBOX: gettext_lazy("Same mailbox"),
    Sign.NAME: gettext_lazy("Same name and company"),
    Sign.DOMAIN: gettext_lazy("Same name and mail domain"),
}
COMPANY_SIGNS: Final = {
    CompanySign.DOMAIN: gettext_lazy("Same domain"),
    CompanySign.PHONE: gettext_lazy("Same phone"),
    CompanySign.NAME: gettext_lazy("Nearly the same name"),
}
