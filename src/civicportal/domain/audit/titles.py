"""Titles of audit actions.

An action without a title is shown by its code.
"""

from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.plugins import in_order
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site


def titles_of(site: "Site") -> dict[str, TranslationString]:
    """Return the titles of core, plugins and site."""
    found: dict[str, TranslationString] = {}
    for _name, titles in in_order(site.hooks, "register_audit_actions"):
        found |= titles()
    return found


CORE_ACTIONS: dict[str, TranslationString] = {
    "access:denied": _("Was refused a page"),
    "audit:verified": _("The trail was verified"),
    "audit:verifying": _("A part of the trail was verified"),
    "caller:added": _("Added a call to a case"),
    "caller:lookup": _("Looked up a caller"),
    "calendar:closure_add": _("Closed the city for some days"),
    "calendar:closure_delete": _("Took a closure of the city back"),
    "calendar:deadlines": _("Moved deadlines to the calendar"),
    "calendar:holiday_add": _("Added a holiday"),
    "calendar:holiday_delete": _("Deleted a holiday"),
    "calendar:holidays_take_over": _("Took over the yearly holidays"),
    "calendar:hours": _("Changed the office hours"),
    "case:assign": _("Assigned a case"),
    "case:open": _("Opened a case"),
    "case:print": _("Printed a case"),
    "case:register": _("Registered a case for a citizen"),
    "category:add": _("Added a category"),
    "category:change": _("Changed a category"),
    "category:close": _("Switched a category off"),
    "category:delete": _("Deleted a category"),
    "category:move": _("Moved a category in its order"),
    "category:open": _("Switched a category on"),
    "choices:change": _("Chose what is told by SMS"),
    "contractor:answer": _("A contractor said what became of the work"),
    "contractor:make": _("Made a link for a contractor"),
    "contractor:open": _("A contractor opened a link"),
    "contractor:revoke": _("Revoked the link of a contractor"),
    "data:export": _("Took the archive of their own data"),
    "deputy:end": _("Called off a deputyship"),
    "deputy:set": _("Set a deputy for days of absence"),
    "export:make": _("Took a list along"),
    "export:order": _("Ordered an export"),
    "export:print": _("Printed a list"),
    "export:take": _("Fetched an export"),
    "factor:remove-all": _("Removed all second factors"),
    "gate:open": _("Let messages be tried again"),
    "identity:given-up": _("Verification was given up: the provider did not answer"),
    "identity:mismatched": _("Identity data did not fit"),
    "identity:verified": _("Identity verified"),
    "identity:waiting": _("Verification waits for the provider"),
    "invitation:accept": _("Used a link"),
    "invitation:join": _("Invited a colleague"),
    "invitation:renew": _("Made a new link for an invitation"),
    "invitation:rescue": _("Made a rescue link on the server"),
    "invitation:reset": _("Made a link for a new password"),
    "invitation:revoke": _("Called off an invitation"),
    "login:citizen": _("Signed in as a citizen"),
    "login:refused": _("Was not let in"),
    "login:staff": _("Signed in as staff"),
    "logout": _("Signed out"),
    "member:create": _("Made a member of staff"),
    "member:delete": _("Deleted a member"),
    "member:disable": _("Disabled a member"),
    "member:edit": _("Changed what a member is called"),
    "member:enable": _("Enabled a member"),
    "member:erase": _("Erased the data of a member"),
    "member:leave": _("Deleted their own account"),
    "member:mobile": _("Changed the mobile number"),
    "member:restore": _("Brought a deleted member back"),
    "member:return": _("Came back after deleting their account"),
    "message:again": _("Sent a message again"),
    "message_text:reset": _("Put the words of a message back"),
    "message_text:save": _("Changed the words of a message"),
    "passkey:add": _("Added a passkey"),
    "passkey:block": _("A passkey was blocked: there may be a copy of it"),
    "passkey:remove": _("Removed a passkey"),
    "password:change": _("Changed the password"),
    "password:reset-asked": _("Asked for a new password and proved the mobile"),
    "password:reset": _("Set a new password after forgetting it"),
    "question:delete": _("Deleted a frequent question"),
    "question:save": _("Saved a frequent question"),
    "ready_text:save": _("Changed a ready text"),
    "reveal:contact": _("Looked at name and mobile"),
    "reveal:identity": _("Looked at national code and birth date"),
    "role:change": _("Changed an access level"),
    "plugin:purge": _("Removed the tables of a plugin"),
    "role:create": _("Made an access level"),
    "role:delete": _("Deleted an access level"),
    "role:give": _("Gave an access level"),
    "role:take": _("Took an access level away"),
    "routing:add": _("Added a rule of routing"),
    "routing:change": _("Changed a rule of routing"),
    "routing:delete": _("Deleted a rule of routing"),
    "routing:move": _("Moved a rule in its order"),
    "routing:off": _("Switched a rule off"),
    "routing:on": _("Switched a rule on"),
    "session:end": _("Ended a session"),
    "session:end-all": _("Signed a member out everywhere"),
    "session:end-others": _("Ended the other sessions"),
    "setting:save": _("Changed the settings"),
    "site:apply": _("Took values of the site's files"),
    "text:allow_word": _("Said that a word of a public text is no name"),
    "totp:disable": _("Removed the sign-in app"),
    "totp:enable": _("Set up the sign-in app"),
    "totp:recovery-codes": _("Made new recovery codes"),
    "unit:add": _("Added a unit"),
    "unit:change": _("Changed a unit"),
    "unit:close": _("Closed a unit"),
    "unit:delete": _("Deleted a unit"),
    "unit:hand_over": _("Handed over what led to a unit"),
    "unit:move": _("Moved a unit in its order"),
    "unit:open": _("Opened a unit again"),
    "view:change": _("Changed a shared view"),
    "view:delete": _("Deleted a shared view"),
    "view:share": _("Shared a view within a unit"),
    "view:unshare": _("Took a shared view back"),
}
