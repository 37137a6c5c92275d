"""Changes of the branding."""

from collections.abc import Mapping

from sqlalchemy import delete, event, select, text

from civicportal.core.branding.models import Setting
from civicportal.core.branding.values import Branding, with_values
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Conflict

# A value without a row cannot be locked, so the table is. Pages can still read.
_ALONE = text("LOCK TABLE settings IN SHARE ROW EXCLUSIVE MODE")


class BrandingService(Service):
    """Read and write the values that override those of the site's file."""

    def current(self) -> Branding:
        """Return the current branding in the database."""
        rows = self.session.execute(select(Setting.key, Setting.value)).all()
        return with_values(self.work.site.branding_cache.file, dict(rows))

    def save(self, values: Mapping[str, str], digest: str) -> list[str]:
        """Store values that differ from the file.

        :param values: by key, as of :meth:`Branding.values`.
        :param digest: of the branding that the form was made from.
        :returns: the keys that were changed.
        :raises Conflict: when it was changed since.
        """
        self._alone()
        before = self.current()
        if digest != before.digest:
            raise Conflict("the settings were changed since")
        old, file = before.values(), self.work.site.branding_cache.file.values()
        changed = sorted(key for key, value in values.items() if value != old.get(key, ""))
        for key in changed:
            if values[key] == file.get(key, ""):
                self.session.execute(delete(Setting).where(Setting.key == key))
            else:
                self._keep(key, values[key])
        if changed:
            self.work.get(AuditService).record("setting:save", changed=changed)
        # Before that, a page may still read and cache the old values.
        event.listen(self.session, "after_commit", lambda _session: self.work.site.branding_cache.forget())
        return changed

    def _alone(self) -> None:
        if self.work.site.engines.dialect == "postgresql":
            self.session.execute(_ALONE)

    def _keep(self, key: str, value: str) -> None:
        self.session.merge(
            Setting(
                key=key,
                value=value,
                updated_at=self.work.clock.now(),
                updated_by_id=self.work.actor.user_id,
            )
        )
