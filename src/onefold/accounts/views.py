"""Signing in and out."""

from typing import Any

from allauth.account.views import LoginView
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from onefold.accounts.journal import note
from onefold.accounts.models import User
from onefold.accounts.permissions import name_of


class SignInView(LoginView):
    """allauth's, with what our page shows besides."""

    def form_invalid(self, form: Any) -> HttpResponse:  # noqa: ANN401 allauth's form
        """A wrong password is an answer of this page, and no success."""
        name, password = form.fields["login"].widget.attrs, form.fields["password"].widget.attrs
        if form.data.get("username"):  # the name is right more often than the password
            password["autofocus"] = name.pop("autofocus")
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 401 if form.non_field_errors() else 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 as allauth's
        """`has_users`; `providers`: (name, address) of each."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        target = self.get_next_url() or ""
        providers = [
            (provider.name, provider.get_login_url(self.request, **({"next": target} if target else {})))
            for provider in get_social_adapter().list_providers(self.request)
        ]
        return found | {
            "has_users": User.objects.exists(),
            "has_mail": bool(settings.EMAIL_HOST),
            "providers": providers,
            "next": target,
        }


sign_in = require_http_methods(["GET", "HEAD", "POST"])(SignInView.as_view())


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        note(name_of(request.user), "user.signed_out", name_of(request.user))
    logout(request)
    return HttpResponseRedirect("/signin")
