"""A project's rules for its plans: the counts above which starting one takes more than a click."""

from phones.models import Project


def set_plan_rules(*, project: Project, typed_above: int | None, approved_above: int | None) -> None:
    """Set above how many changes the count has to be typed, and a second person has to approve; None: never."""
    project.typed_above, project.approved_above = typed_above, approved_above
    project.save(update_fields=["typed_above", "approved_above"])
