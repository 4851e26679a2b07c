"""The control of a form's field in our look; `_field.html` puts label, hint and errors around it."""

from django import forms, template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def control(field: BoundField) -> SafeString:
    """Return the field's widget with Tabler's class, and without a placeholder that repeats the label."""
    look = "form-select" if isinstance(field.field.widget, forms.Select) else "form-control"
    return field.as_widget(attrs={"class": look, "placeholder": False})
