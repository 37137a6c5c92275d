"""Jobs of announcements."""

from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Job, Site
from civicportal_announcements.broadcasts import PORTION, fill_outbox
from civicportal_announcements.services import PostService


def erase_deleted(site: Site) -> None:
    """Erase announcements deleted more than a month ago: first the rows, then the files."""
    while True:
        with site.work() as work:
            keys, some = work.get(PostService).erase()
        PictureFiles(site).drop(keys)
        if not some:
            return


JOBS = (
    Job(name="announcements.broadcasts", every=PORTION, run=fill_outbox),
    Job(name="announcements.erase", at="01:40", run=erase_deleted),
)
