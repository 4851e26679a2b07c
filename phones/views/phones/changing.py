"""Sending what a form wants, now or at a later time."""

from dataclasses import replace

from django.utils import timezone

from phones.access import Desk
from phones.forms.phones import NicknameForm, PhoneForm
from phones.models import Phone
from phones.services.editing.save import change_phone
from phones.services.editing.write import Author
from phones.services.schedules.create import schedule_change
from phones.views.parts.saving.result import Answer, answer_for, answer_of
from phones.wording.phones.schedules import words_for_put_back


def rename(desk: Desk, phone: Phone, form: NicknameForm) -> Answer:
    """Send the nickname of a valid form."""
    return _send(desk, phone, form, Author(desk.user, form_token=form.cleaned_data["form_token"]), None)


def change(desk: Desk, phone: Phone, form: PhoneForm) -> Answer:
    """Send what a valid form wants, or set it for its time; say when it is put back, if it is."""
    typed = form.cleaned_data
    until = typed.get("until_at")
    author = Author(desk.user, typed["reason"], typed["ticket"], form_token=typed["form_token"], until=until)
    if typed.get("from_at"):
        return _set_for_later(desk, phone, form, author)
    answer = _send(desk, phone, form, author, form.agreed())
    if not (until and answer.is_done and answer.words and answer.change):
        return answer
    return replace(answer, words=answer.words.adding(words_for_put_back(until, timezone.now())))


def _send(desk: Desk, phone: Phone, form: NicknameForm, author: Author, agreed: str | None) -> Answer:
    """Send what a valid form wants through the one way to change a phone."""
    return answer_for(
        form,
        lambda: change_phone(
            project=desk.project,
            phone=phone,
            edit=form.edit(),
            base=form.base(),
            author=author,
            agreed=agreed,
            clock=timezone.now,
        ),
    )


def _set_for_later(desk: Desk, phone: Phone, form: PhoneForm, author: Author) -> Answer:
    """Set what a valid form wants for its time. Nothing is sent, and Diga is not asked."""
    result = schedule_change(
        project=desk.project,
        phone=phone,
        edit=form.edit(),
        base=form.base(),
        author=author,
        agreed=form.agreed(),
        due_at=form.cleaned_data["from_at"],
        clock=timezone.now,
    )
    return answer_of(form, result)
