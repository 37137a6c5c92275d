"""Administration of people: members, invitations, roles, deputies, and departures."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.portal.members.rest import OPERATIONS
from civicportal.web.pages import Page, add_pages

MANAGE, ROLES_MANAGE = "core:member:manage", "core:role:manage"
MEMBER = r"/admin/members/{id:\d{1,18}}"
INVITATION = r"/admin/members/invitations/{id:\d{1,18}}"
ROLE = r"/admin/roles/{id:\d{1,18}}"
NUMBER = r"{number:\d{1,18}}"
ROUTES = {
    "admin.members": "/admin/members",
    "admin.members_find": "/admin/members/find",
    "admin.invite": "/admin/members/invite",
    "admin.invitations": "/admin/members/invitations",
    "admin.invitation_again": f"{INVITATION}/again",
    "admin.invitation_revoke": f"{INVITATION}/revoke",
    "admin.member": MEMBER,
    "admin.member_edit": f"{MEMBER}/edit",
    "admin.member_mobile": f"{MEMBER}/mobile",
    "admin.member_role": f"{MEMBER}/roles",
    "admin.member_role_end": f"{MEMBER}/roles/{NUMBER}/end",
    "admin.member_deputy": f"{MEMBER}/deputies",
    "admin.member_deputy_end": f"{MEMBER}/deputies/{NUMBER}/end",
    "admin.member_disable": f"{MEMBER}/disable",
    "admin.member_enable": f"{MEMBER}/enable",
    "admin.member_delete": f"{MEMBER}/delete",
    "admin.member_restore": f"{MEMBER}/restore",
    "admin.member_transfer": f"{MEMBER}/transfer",
    "admin.member_sessions_end": f"{MEMBER}/sessions/end",
    "admin.member_factors_off": f"{MEMBER}/factors/off",
    "admin.member_reset": f"{MEMBER}/reset",
    "admin.member_token_end": f"{MEMBER}/tokens/{NUMBER}/end",
    "admin.roles": "/admin/roles",
    "admin.role_new": "/admin/roles/new",
    "admin.role": ROLE,
    "admin.role_delete": f"{ROLE}/delete",
    "account_deputy": "/account/deputy",
    "account_deputy_end": f"/account/deputy/{NUMBER}/end",
}
SHOWS, ACTS, FORM = "GET", "POST", ("GET", "POST")
#: Route, view, template, permission, methods.
VIEWS: tuple[Page, ...] = (
    ("admin.members", "listing.members", "members", MANAGE, SHOWS),
    ("admin.members_find", "listing.find", None, MANAGE, ACTS),
    ("admin.invite", "invitations.invite", "invite", MANAGE, FORM),
    ("admin.invitations", "invitations.invitations", "invitations", MANAGE, SHOWS),
    ("admin.invitation_again", "invitations.again", "link", MANAGE, ACTS),
    ("admin.invitation_revoke", "invitations.revoke", None, MANAGE, ACTS),
    ("admin.member", "member.member", "member", MANAGE, SHOWS),
    ("admin.member_edit", "member.edit", "edit", MANAGE, FORM),
    ("admin.member_mobile", "mobile.mobile", "mobile", MANAGE, FORM),
    ("admin.member_role", "member.give_role", "member", MANAGE, ACTS),
    ("admin.member_role_end", "member.take_role", None, MANAGE, ACTS),
    ("admin.member_deputy", "deputies.add", "member", MANAGE, ACTS),
    ("admin.member_deputy_end", "deputies.end", None, MANAGE, ACTS),
    ("admin.member_disable", "leaving.disable", "leave", MANAGE, FORM),
    ("admin.member_enable", "leaving.enable", None, MANAGE, ACTS),
    ("admin.member_delete", "leaving.delete", "leave", MANAGE, FORM),
    ("admin.member_restore", "leaving.restore", None, MANAGE, ACTS),
    ("admin.member_transfer", "leaving.pass_on", "leave", MANAGE, FORM),
    ("admin.member_sessions_end", "member.end_sessions", None, MANAGE, ACTS),
    ("admin.member_factors_off", "member.remove_factors", None, MANAGE, ACTS),
    ("admin.member_reset", "invitations.reset", "link", MANAGE, ACTS),
    ("admin.member_token_end", "member.end_token", None, MANAGE, ACTS),
    ("admin.roles", "roles.roles", "roles", ROLES_MANAGE, SHOWS),
    ("admin.role_new", "roles.new", "role_new", ROLES_MANAGE, FORM),
    ("admin.role", "roles.role", "role", ROLES_MANAGE, FORM),
    ("admin.role_delete", "roles.delete", "role_delete", ROLES_MANAGE, FORM),
    ("account_deputy", "deputies.own", "deputy", PagePermission.STAFF, FORM),
    ("account_deputy_end", "deputies.end_own", None, PagePermission.STAFF, ACTS),
)


def includeme(config: Configurator) -> None:
    """Add the pages, and the operations of the API."""
    config.add_operations(OPERATIONS)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.members.views",
        templates="civicportal:templates/members",
    )
