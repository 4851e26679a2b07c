"""Addresses of the phones."""

from django.urls import include, path

from phones.views import (
    agents,
    changes,
    exports,
    finder,
    home,
    people,
    phones,
    projects,
    reverts,
    saved_views,
    upgrades,
)

project_patterns = [
    path("", projects.project_overview, name="project_overview"),
    path("phones/", phones.phone_list, name="phone_list"),
    path("phones/export.csv", exports.phone_export_csv, name="phone_export_csv"),
    path("phones/export.xlsx", exports.phone_export_xlsx, name="phone_export_xlsx"),
    path("find/", finder.phone_find, name="phone_find"),
    path("go/", finder.phone_go, name="phone_go"),
    path("views/", saved_views.view_list, name="view_list"),
    path("views/<int:view_id>/", saved_views.view_edit, name="view_edit"),
    path("phones/<uuid:phone_id>/", phones.phone_edit, name="phone_edit"),
    path("phones/<uuid:phone_id>/guard/", phones.phone_guard, name="phone_guard"),
    path("phones/<uuid:phone_id>/reread/", phones.phone_reread, name="phone_reread"),
    path("phones/<uuid:phone_id>/nickname/", phones.phone_rename, name="phone_rename"),
    path("phones/<uuid:phone_id>/first-state/", reverts.phone_restore, name="phone_restore"),
    path("agents/", agents.agent_list, name="agent_list"),
    path("agents/<uuid:agent_id>/", agents.agent_detail, name="agent_detail"),
    path("agents/<uuid:agent_id>/upgrade/", upgrades.agent_upgrade, name="agent_upgrade"),
    path("agents/upgrades/<int:upgrade_id>/", upgrades.agent_upgrade_detail, name="agent_upgrade_detail"),
    path("agents/upgrades/<int:upgrade_id>/approve/", upgrades.agent_upgrade_approve, name="agent_upgrade_approve"),
    path("agents/upgrades/<int:upgrade_id>/discard/", upgrades.agent_upgrade_discard, name="agent_upgrade_discard"),
    path("agents/upgrades/<int:upgrade_id>/give-back/", upgrades.agent_give_back, name="agent_give_back"),
    path("changes/", changes.change_list, name="change_list"),
    path("changes/export/", changes.change_export, name="change_export"),
    path("changes/<int:change_id>/", changes.change_detail, name="change_detail"),
    path("changes/<int:change_id>/revert/", reverts.change_revert, name="change_revert"),
    path("sync/", projects.sync_start, name="sync_start"),
    path("sync/<int:run_id>/", projects.sync_progress, name="sync_progress"),
    path("settings/", projects.project_settings, name="project_settings"),
    path("settings/check/", projects.key_check, name="key_check"),
    path("settings/disconnect/", projects.project_disconnect, name="project_disconnect"),
    path("settings/people/", people.people_list, name="people_list"),
    path("settings/people/<int:membership_id>/", people.person_edit, name="person_edit"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("account/", home.account, name="account"),
    path("go/", finder.go, name="go"),
    path("connect/", projects.project_connect, name="project_connect"),
    path("invitation/<str:code>/", people.invitation_accept, name="invitation_accept"),
    path("projects/<slug:slug>/", include(project_patterns)),
]
