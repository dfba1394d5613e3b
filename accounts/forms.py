from typing import Any

from django import forms
from django.conf import settings
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
