"""Rows 41 to 45: the list changes, lies, or breaks off while it is read; or it is another project's."""

from typing import Any

from phones.diga.sandbox import Churn
from phones.models import Phone, SyncRun, SyncState
from phones.services.sync.passes import SILENCE_LIMIT
from tests.faults.stage import LIST, Stage, in_child, kill_self, row
from tests.support.desk.saving import picture
from tests.support.diga.lies import LIES, answering

MANY = 230
Body = dict[str, Any]


@row(41)
def phone_on_two_pages(stage: Stage) -> None:
    """One row, counted once."""

    def alter(_request: Any, body: Body) -> Body:
        return body | {"data": [*body["data"], *body["data"][:3]]}

    with answering(stage.sandbox, alter):
        run = stage.sync()

    assert (run.state, run.phone_count, Phone.objects.count()) == (SyncState.COMPLETE, 40, 40)


@row(42)
def phones_come_and_go(stage: Stage) -> None:
    """Who is absent from the list is asked for by itself: no phone that lives is ever marked as missing."""
    stage.sandbox.reset(phones=MANY)
    gone: set[Any] = set()
    for seed in range(12):
        stage.sandbox.churn = Churn(seed, added=5, removed=5, requests=6)
        stage.sync()
        gone |= stage.sandbox.churn.removed
        stage.sandbox.churn = None
        marked = set(Phone.objects.exclude(missing_since=None).values_list("pk", flat=True))
        assert not [phone_id for phone_id in marked if phone_id in stage.sandbox.phones], f"seed {seed}"

    run = stage.sync()

    marked = set(Phone.objects.exclude(missing_since=None).values_list("pk", flat=True))
    assert run.state == SyncState.COMPLETE
    # Some came and went without ever being seen; the seed of the stage itself is gone since the reset or not.
    assert set(Phone.objects.filter(pk__in=gone).values_list("pk", flat=True)) <= marked
    assert {phone.id for phone in stage.sandbox.phones} == set(
        Phone.objects.filter(missing_since=None).values_list("pk", flat=True)
    )


@row(43)
def list_that_lies(stage: Stage) -> None:
    """No end, no count, a cursor that turns in circles: the pass ends as incomplete and marks nothing."""
    stage.sandbox.phones.remove(stage.phone.pk)
    before = picture(stage.project)
    for name, lie in LIES.items():
        with answering(stage.sandbox, lie):
            run = stage.sync()
        assert (run.state, run.missing_count) == (SyncState.FAILED, 0), name
        assert run.cause, name
        assert picture(stage.project) == before, name
    for name, behaviours in {"has_more": ("always", "never"), "after": ("ignored",)}.items():
        for behaviour in behaviours:
            stage.sandbox.reset(phones=MANY)
            setattr(stage.sandbox.switches, name, behaviour)
            stage.sync()
            living = {phone.id for phone in stage.sandbox.phones}
            assert not Phone.objects.filter(pk__in=living).exclude(missing_since=None).exists(), (name, behaviour)


@row(44)
def pass_cut_short(stage: Stage) -> None:
    """Killed, refused or broken at some page: what was there stays, the list never shrinks, the next pass is whole."""
    stage.sandbox.reset(phones=MANY)
    counts = [Phone.objects.count()]
    killed = in_child(lambda: stage.sync(on_page=lambda run: kill_self() if run.phone_count >= 100 else None))
    counts.append(Phone.objects.count())
    for fault in ({"status": 401}, {"status": 503}, {"status": 500, "shape": "html"}):
        stage.let_pass(SILENCE_LIMIT * 2)
        # The first page passes, every other one fails.
        stage.plan("status", method="GET", path=LIST, times=None, **fault)
        assert stage.sync().state == SyncState.FAILED
        stage.sandbox.faults.clear()
        counts.append(Phone.objects.count())

    run = stage.sync(on_page=lambda _run: counts.append(Phone.objects.count()))

    assert killed is False
    assert SyncRun.objects.filter(cause="interrupted").count() == 1
    assert (run.state, Phone.objects.count()) == (SyncState.COMPLETE, MANY)
    assert counts == sorted(counts)
    assert 100 <= counts[1] < MANY


@row(45)
def key_of_another_project(stage: Stage) -> None:
    """The pass stops before it mixes the phones of two; the right key goes on."""
    before = picture(stage.project)
    stage.project.keep_token(stage.sandbox.key("talleres"), by=None, at=stage.clock())
    stage.project.save()

    stopped = stage.sync()

    assert (stopped.state, stopped.cause) == (SyncState.FAILED, "other_project")
    assert picture(stage.project) == before
    stage.project.keep_token(stage.sandbox.key("aurora"), by=None, at=stage.clock())
    stage.project.save()
    assert stage.sync().state == SyncState.COMPLETE


@row(35)
def worker_killed(stage: Stage) -> None:
    """A pass killed at any page is taken over, and its copy is whole in the end. See `running_crashes`."""
    stage.sandbox.reset(phones=MANY)
    for page in (1, 2, 3):
        pages: list[int] = []

        def die(run: SyncRun, page: int = page, pages: list[int] = pages) -> None:
            pages.append(run.phone_count)
            if len(pages) == page:
                kill_self()

        assert in_child(lambda die=die: stage.sync(on_page=die)) is False  # type: ignore[misc]
        stage.let_pass(SILENCE_LIMIT * 2)

    run = stage.sync()

    assert (run.state, run.phone_count, Phone.objects.count()) == (SyncState.COMPLETE, MANY, MANY)
    assert list(SyncRun.objects.exclude(cause="").values_list("cause", flat=True)) == ["interrupted"] * 3
    assert not SyncRun.objects.filter(state=SyncState.RUNNING).exists()
