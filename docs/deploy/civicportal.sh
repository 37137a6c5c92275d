#!/bin/sh
# /usr/local/sbin/civicportal
# The command, typed by root, as the services run it: with the site, its secrets, and no more rights than the portal has.
set -eu
cd /var/lib/civicportal
set -a
CIVICPORTAL_SITE=/etc/civicportal/site.toml
. /etc/civicportal/secrets
set +a
exec runuser -u civicportal -- /srv/civicportal/bin/civicportal "$@"
