from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants import people
from tenants.models import Customer

STAFF_ROLES = [choice for choice in User.Role.choices if choice[0] in User.STAFF]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=STAFF_ROLES)


class GrantForm(RoleForm):
    """Somebody of the home directory, by the object ID that Entra has for the person."""

    object_id = forms.UUIDField(
        label=_("Object ID"), error_messages={"invalid": _("This is not an object ID: it is a GUID.")}
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    field_order = ["object_id", "name", "role"]


class CustomersForm(forms.Form):
    """What an analyst looks after, one by one."""

    customers = forms.ModelMultipleChoiceField(Customer.objects.none(), label=_("Customers"), required=False)

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["customers"].queryset = Customer.objects.visible_to(user)


class GroupForm(CustomersForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    analysts = forms.ModelMultipleChoiceField(User.objects.none(), label=_("Analysts"), required=False)

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, user=user, **options)
        self.fields["analysts"].queryset = people.analysts(user)
