from django import forms
from django.utils.translation import gettext_lazy as _


class InviteForm(forms.Form):
    """Whom to ask for approval; `tenants.invitations` decides whether name and address can be used."""

    name = forms.CharField(label=_("Customer"), max_length=200)
    email = forms.CharField(label=_("E-mail of their administrator"), max_length=254)
