"""One edit is one change, in whatever way the file was saved, and however many untouched rows stand around it."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from phones.diga.types import clean_text
from phones.models import Phone, Project
from phones.services.exchange.edited_cells import is_error, is_untouched, may_be_by_itself
from phones.services.exchange.import_columns import is_head
from phones.services.nicknames import one_line
from phones.services.routing.catalogue import catalogue_of
from phones.services.tables.cell_guard import guarded
from phones.services.tables.read import read_table
from tests.support.database.north import RECEPTION, SALES, add_phone, catalogue, north
from tests.support.files.exports import FORMULAS, book_of, csv_text
from tests.support.files.uploads import MANGLED, draft_of, edited, wishes
from tests.support.files.workbooks import resaved
from tests.support.pages.hostile import HOSTILE

__all__ = ["catalogue", "north"]

NICKNAMES = st.sampled_from(
    [
        "Recepción Málaga",
        "Citas 2",
        "24/7",
        "9-14",
        "8:30",
        "1.000",
        "TRUE",
        "10 %",
        "Ñ",
        "a\nb",
        "",
        *FORMULAS,
        *HOSTILE,
    ]
)
# What every encoding of a Western program can say, so that what was typed arrives.
TYPED = st.text(st.sampled_from("abñé 1/:-.=+"), min_size=1, max_size=10).filter(lambda text: text.strip() != "")
# Ways that keep the columns of an export and the letters that somebody types.
WAYS = [way for way in MANGLED if way not in {"ASCII", "without names", "versions", "without id", "decomposed"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(NICKNAMES, min_size=2, max_size=6), TYPED, st.sampled_from([*WAYS, "workbook", "workbook, saved again"])
)
def test_one_edited_nickname_is_one_change(north: Project, nicknames: list[str], typed: str, way: str) -> None:
    old = clean_text(nicknames[0])
    assume(not is_untouched(guarded(typed), old) and not may_be_by_itself(guarded(typed), old) and not is_error(typed))
    Phone.objects.all().delete()
    for place, nickname in enumerate(nicknames):
        add_phone(
            north, f"+3495120{place:04d}", clean_text(nickname), inbound_agent_id=(RECEPTION, SALES, None)[place % 3]
        )
    catalogue = catalogue_of(north)

    if way.startswith("workbook"):
        made = resaved(book_of(north, catalogue).getvalue(), row=2, column=3, text=guarded(typed))
        data = resaved(made) if "again" in way else made
    else:
        data = MANGLED[way]("\ufeff" + edited(csv_text(north, catalogue), nickname=guarded(typed)))
    draft = draft_of(north, read_table(data, "list.csv", is_head=is_head))

    assert list(wishes(draft).values()) == [{"nickname": one_line(typed)}]
    assert draft.rows[0].look == ""
