from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import zones
from accounts.models import User


class PreferencesForm(forms.ModelForm):
    """Time zone, language and theme; an empty one is as the browser has it."""

    language = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = User
        fields = ["time_zone", "language", "theme"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = [("", _("As in the browser")), *settings.LANGUAGES]

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"]).strip()
        if name and zones.zone(name) is None:
            raise forms.ValidationError(_("There is no time zone of that name; choose one from the list."))
        return name


class PasswordForm(forms.Form):
    """How the local operator signs in: a password and a code, of which it never says which one is wrong."""

    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=200, strip=False)
    code = forms.CharField(max_length=40)

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request
        self.user: User | None = None

    def clean(self) -> None:
        given = {name: self.cleaned_data.get(name, "") for name in self.fields}
        self.user = authenticate(self.request, **given)
        if self.user is None:
            raise forms.ValidationError(_("The user name, the password or the code is wrong."))
