"""Settings as an administrator saves them in the browser."""

from civicportal.portal.branding.services import BrandingService


def set_in_browser(site, key, value):
    """Save one value, for instance ``api.enabled``."""
    with site.work() as work:
        service = work.get(BrandingService)
        service.save({key: value}, service.current().digest)
