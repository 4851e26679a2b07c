"""Tags: stored with their search text and act, found, and never over what others tagged meanwhile."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Act, ActKind, Phone, Project
from phones.services.finding.phone_list import Criteria, matching
from phones.services.notes import tags
from phones.services.notes.tags import TagTooLong, TooManyPhones, TooManyTags, change_tags, read_tags
from phones.services.routing.catalogue import catalogue_of
from phones.services.sync import refresh
from tests.support.database.north import add_phone, north

__all__ = ["north"]

Tag = Callable[..., int]


@pytest.fixture
def tag(aurora: Project, labeller: User) -> Tag:
    """Change tags of phones, given as texts with commas."""

    def tag(*phones: Phone, add: str = "", remove: str = "") -> int:
        ids = [phone.pk for phone in phones]
        return change_tags(
            project=aurora,
            phone_ids=ids,
            add=read_tags(add),
            remove=read_tags(remove),
            actor=labeller,
            clock=timezone.now,
        )

    return tag


def tags_of(phone: Phone) -> tuple[str, ...]:
    return Phone.objects.get(pk=phone.pk).tag_names


def listed(project: Project, **criteria: str) -> set[Phone]:
    return set(matching(project, Criteria(**criteria), catalogue_of(project), timezone.now()))


def acts() -> list[Act]:
    return list(Act.objects.filter(kind=ActKind.TAGS_CHANGED).order_by("pk"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VIP, urgencias;  línea   noche\n#vip", ("línea noche", "urgencias", "vip")),
        (" , ;", ()),
        ("Atencio\u0301n", ("atención",)),
    ],
)
def test_typed_tags_have_one_spelling(text: str, expected: tuple[str, ...]) -> None:
    assert read_tags(text) == expected


def test_tag_that_is_too_long_is_named() -> None:
    with pytest.raises(TagTooLong) as error:
        read_tags(f"vip, {'x' * 31}")

    assert error.value.tag == "x" * 31


def test_tag_is_stored_found_and_an_act(
    tag: Tag, sandbox: Sandbox, aurora: Project, sales_phone: Phone, labeller: User
) -> None:
    sandbox.journal.clear()

    assert tag(sales_phone, add="VIP, Otoño rojo") == 1

    assert tags_of(sales_phone) == ("otoño rojo", "vip")
    assert listed(aurora, tag="vip") == listed(aurora, q="otono") == {sales_phone}
    assert listed(aurora, tag="vi") == set()
    (act,) = acts()
    assert (act.project, act.actor) == (aurora, labeller)
    assert act.details == {
        "phone": str(sales_phone.pk),
        "number": sales_phone.shown,
        "tags": {"before": "", "after": "otoño rojo, vip"},
    }
    assert Project.objects.get(pk=aurora.pk).tags == aurora.tags == ["otoño rojo", "vip"]
    assert sandbox.journal == []


def test_many_are_tagged_by_one_act_and_others_tags_stay(
    tag: Tag, aurora: Project, sales_phone: Phone, spare_phone: Phone, orphan_phone: Phone
) -> None:
    tag(sales_phone, add="vip")

    assert tag(sales_phone, spare_phone, orphan_phone, add="otoño") == 3
    assert tag(sales_phone, spare_phone, remove="otoño, vip") == 2

    assert (tags_of(sales_phone), tags_of(spare_phone), tags_of(orphan_phone)) == ((), (), ("otoño",))
    assert listed(aurora, tag="otoño") == {orphan_phone}
    told = acts()[-1].details
    assert set(told.pop("phones")) == {str(sales_phone.pk), str(spare_phone.pk)}
    assert told == {"added": "", "removed": "otoño, vip"}
    assert aurora.tags == ["otoño"]


def test_same_tag_again_writes_nothing(tag: Tag, sales_phone: Phone) -> None:
    tag(sales_phone, add="vip")

    assert tag(sales_phone, add="VIP", remove="unknown") == 0

    assert len(acts()) == 1


def test_phone_of_another_project_is_left_alone(tag: Tag, north: Project) -> None:
    foreign = add_phone(north, "+34951201802")

    assert tag(foreign, add="vip") == 0

    assert tags_of(foreign) == ()


def test_nothing_is_stored_where_one_would_have_too_many(tag: Tag, sales_phone: Phone, spare_phone: Phone) -> None:
    tag(sales_phone, add=",".join(map(str, range(10))))

    with pytest.raises(TooManyTags) as error:
        tag(spare_phone, sales_phone, add="vip")

    assert error.value.phone == sales_phone
    assert tags_of(spare_phone) == ()
    assert len(acts()) == 1


def test_more_than_an_act_can_name_are_refused(
    tag: Tag, sales_phone: Phone, spare_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags, "PHONES_AT_ONCE", 1)

    with pytest.raises(TooManyPhones):
        tag(sales_phone, spare_phone, add="vip")

    assert tags_of(sales_phone) == ()


def test_tags_survive_what_diga_says(tag: Tag, sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    stale = Phone.objects.get(pk=sales_phone.pk)
    stale.project = aurora
    tag(sales_phone, add="vip")
    sandbox.phones[sales_phone.pk].nickname = "Renamed in Diga"

    refresh.refresh_phone(project=aurora, phone=stale, clock=timezone.now)

    assert tags_of(sales_phone) == stale.tag_names == ("vip",)
    assert listed(aurora, q="vip renamed") == {sales_phone}


def test_what_was_noted_and_tagged_is_told_newest_first(tag: Tag, sales_phone: Phone, spare_phone: Phone) -> None:
    tag(sales_phone, add="vip")
    tag(spare_phone, add="vip")
    tag(sales_phone, spare_phone, add="otoño")

    told = tags.acts_on(sales_phone, limit=5)

    assert told == [acts()[2], acts()[0]]
