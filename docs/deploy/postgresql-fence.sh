#!/bin/sh
# /usr/local/sbin/postgresql-fence
# ExecCondition of postgresql@.service on two machines: a primary that was replaced while it was down does not start again.
# Arguments: the data directory, the connection string of the other server for psql.
set -eu
data=$1 other=$2
programs=/usr/lib/postgresql/$(cat "$data/PG_VERSION")/bin
postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# A standby may always start.
[ ! -e "$data/standby.signal" ] || exit 0
own=$(postgres "$programs/pg_controldata" "$data" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
# A server that was just promoted has its timeline in a history file of its log, and in its control data only later.
history=$(postgres ls "$data/pg_wal" | sed -n 's/^\(........\)\.history$/\1/p' | sort | tail -n 1)
[ $((0x${history:-0})) -le "$own" ] || own=$((0x$history))
# Each promotion starts a timeline with a higher number. A server that does not answer cannot be known to have taken over.
theirs=$(postgres psql -XAtq -d "$other" -c "SELECT CASE WHEN pg_is_in_recovery() THEN 0
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END") || exit 0
[ "$theirs" -gt "$own" ] || exit 0
echo "postgresql-fence: the other server was promoted (timeline $theirs, here $own): make this one its standby first" >&2
exit 1
