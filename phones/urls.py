"""Addresses of the phones."""

from django.urls import include, path

from phones.views.agents import pages as agent_pages
from phones.views.agents import picking, publish
from phones.views.calls import last
from phones.views.calls import pages as call_pages
from phones.views.history import acts, past, revert
from phones.views.history import pages as change_pages
from phones.views.palette import pages as palette_pages
from phones.views.parts.saving import progress as saving
from phones.views.phones import edit, find, note, undo
from phones.views.phones.listing import export, saved_views, select, tag
from phones.views.plans import actions, new, timing, upload
from phones.views.plans import pages as plan_pages
from phones.views.projects import alerts, home, invitations, people, restored, sessions, settings
from phones.views.schedules import pages as schedules

project_patterns = [
    path("", settings.project_overview, name="project_overview"),
    path("first-steps/hide/", settings.first_steps_hide, name="first_steps_hide"),
    path("phones/", edit.phone_list, name="phone_list"),
    path("phones/export.csv", export.phone_export_csv, name="phone_export_csv"),
    path("phones/export.xlsx", export.phone_export_xlsx, name="phone_export_xlsx"),
    path("phones/tags/choose/", select.tag_choose, name="tag_choose"),
    path("phones/tags/", tag.phone_tag, name="phone_tag"),
    path("find/", find.phone_find, name="phone_find"),
    path("go/", find.phone_go, name="phone_go"),
    path("palette/", palette_pages.palette, name="palette"),
    path("views/", saved_views.view_list, name="view_list"),
    path("views/<int:view_id>/", saved_views.view_edit, name="view_edit"),
    path("phones/<uuid:phone_id>/", edit.phone_edit, name="phone_edit"),
    path("phones/<uuid:phone_id>/guard/", edit.phone_guard, name="phone_guard"),
    path("phones/<uuid:phone_id>/reread/", edit.phone_reread, name="phone_reread"),
    path("phones/<uuid:phone_id>/saving/", saving.phone_saving, name="phone_saving"),
    path("phones/<uuid:phone_id>/calls/", call_pages.phone_calls, name="phone_calls"),
    path("phones/<uuid:phone_id>/calls/last/", last.phone_calls_last, name="phone_calls_last"),
    path("phones/<uuid:phone_id>/calls/proof/", last.phone_proof, name="phone_proof"),
    path("phones/<uuid:phone_id>/nickname/", edit.phone_rename, name="phone_rename"),
    path("phones/<uuid:phone_id>/note/", note.phone_note, name="phone_note"),
    path("phones/<uuid:phone_id>/undo/<int:change_id>/", undo.phone_undo, name="phone_undo"),
    path("phones/<uuid:phone_id>/first-state/", revert.phone_restore, name="phone_restore"),
    path("agents/", agent_pages.agent_list, name="agent_list"),
    path("agents/options/", picking.agent_options, name="agent_options"),
    path("agents/versions/", picking.agent_versions, name="agent_versions"),
    path("agents/<uuid:agent_id>/", agent_pages.agent_detail, name="agent_detail"),
    path("agents/<uuid:agent_id>/calls/", call_pages.agent_calls, name="agent_calls"),
    path("agents/<uuid:agent_id>/publish/", publish.agent_publish, name="agent_publish"),
    # As these addresses once were.
    path("agents/<uuid:agent_id>/upgrade/", publish.agent_upgrade, name="agent_upgrade"),
    path("agents/upgrades/<int:upgrade_id>/", publish.agent_upgrade_detail, name="agent_upgrade_detail"),
    path("changes/", change_pages.change_list, name="change_list"),
    path("changes/before/", past.past_list, name="past_list"),
    path("changes/export/", change_pages.change_export, name="change_export"),
    path("changes/acts/", acts.act_list, name="act_list"),
    path("changes/acts/export/", acts.act_export, name="act_export"),
    path("changes/acknowledge/", change_pages.chain_acknowledge, name="chain_acknowledge"),
    # Without a check as addresses once were, and still are where only the number is at hand.
    path("changes/<int:change_id>/", change_pages.change_detail, name="change_detail"),
    path("changes/<int:change_id>/outcome/", change_pages.change_outcome, name="change_outcome"),
    path("changes/<int:change_id>-<slug:check>/", change_pages.change_detail, name="change_detail"),
    path("changes/<int:change_id>/revert/", revert.change_revert, name="change_revert"),
    path("plans/choose/", select.plan_choose, name="plan_choose"),
    path("plans/import/", upload.plan_import, name="plan_import"),
    path("plans/new/", new.plan_new, name="plan_new"),
    path("plans/", plan_pages.plan_list, name="plan_list"),
    path("plans/<int:plan_id>/", plan_pages.plan_detail, name="plan_detail"),
    path("plans/<int:plan_id>-<slug:check>/", plan_pages.plan_detail, name="plan_detail"),
    path("plans/<int:plan_id>/progress/", plan_pages.plan_progress, name="plan_progress"),
    path("plans/<int:plan_id>/rows/", plan_pages.plan_rows, name="plan_rows"),
    path("plans/<int:plan_id>/export/", plan_pages.plan_export, name="plan_export"),
    path("plans/<int:plan_id>/apply/", actions.plan_apply, name="plan_apply"),
    path("plans/<int:plan_id>/approve/", actions.plan_approve, name="plan_approve"),
    path("plans/<int:plan_id>/return/", actions.plan_return, name="plan_return"),
    path("plans/<int:plan_id>/discard/", actions.plan_discard, name="plan_discard"),
    path("plans/<int:plan_id>/pause/", actions.plan_pause, name="plan_pause"),
    path("plans/<int:plan_id>/resume/", actions.plan_resume, name="plan_resume"),
    path("plans/<int:plan_id>/stop/", actions.plan_stop, name="plan_stop"),
    path("plans/<int:plan_id>/tick/", actions.plan_tick, name="plan_tick"),
    path("plans/<int:plan_id>/renew/", actions.plan_renew, name="plan_renew"),
    path("plans/<int:plan_id>/again/", actions.plan_again, name="plan_again"),
    path("plans/<int:plan_id>/set/", timing.plan_set, name="plan_set"),
    path("plans/<int:plan_id>/seen/", actions.plan_seen, name="plan_seen"),
    path("schedules/", schedules.schedule_list, name="schedule_list"),
    path("schedules/<int:schedule_id>/cancel/", schedules.schedule_cancel, name="schedule_cancel"),
    path("schedules/<int:schedule_id>/move/", schedules.schedule_move, name="schedule_move"),
    path("schedules/<int:schedule_id>/now/", schedules.schedule_hurry, name="schedule_hurry"),
    path("schedules/<int:schedule_id>/seen/", schedules.schedule_seen, name="schedule_seen"),
    path("sync/", settings.sync_start, name="sync_start"),
    path("sync/<int:run_id>/", settings.sync_progress, name="sync_progress"),
    path("settings/", settings.project_settings, name="project_settings"),
    path("settings/check/", settings.key_check, name="key_check"),
    path("settings/disconnect/", settings.project_disconnect, name="project_disconnect"),
    path("settings/alerts/", alerts.project_alerts, name="project_alerts"),
    path("settings/alerts/test/", alerts.alerts_test, name="alerts_test"),
    path("settings/people/", people.people_list, name="people_list"),
    path("settings/people/<int:membership_id>/", people.person_edit, name="person_edit"),
    path("settings/people/invitations/<int:invitation_id>/", invitations.invitation_edit, name="invitation_edit"),
    path("settings/people/<int:membership_id>/sessions/", sessions.person_sessions, name="person_sessions"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("account/", home.account, name="account"),
    path("account/shortcuts/", home.account_shortcuts, name="account_shortcuts"),
    path("account/sessions/", sessions.account_sessions, name="account_sessions"),
    path("sessions/", sessions.session_list, name="session_list"),
    path("restored/", restored.copy_release, name="copy_release"),
    path("go/", find.go, name="go"),
    path("connect/", settings.project_connect, name="project_connect"),
    path("invitation/<str:code>/", invitations.invitation_accept, name="invitation_accept"),
    path("invitations/<int:invitation_id>/", invitations.invitation_join, name="invitation_join"),
    path("projects/<slug:slug>/", include(project_patterns)),
]
