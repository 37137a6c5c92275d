"""The portal as a WSGI application: ``benchmarks.wsgi:app``."""

from benchmarks.run.serving import SITE
from civicportal.app import create_app
from civicportal.core.site import Site

site = Site(SITE)
app = create_app(site)
# Servers fork after this: each process opens connections of its own.
site.engines.dispose()
