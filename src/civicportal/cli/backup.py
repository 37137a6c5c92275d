"""``civicportal backup`` and ``civicportal restore``."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import assemble_site, load_site

if TYPE_CHECKING:
    from pyrage import Identity

    from civicportal.tools.backup.targets import BackupTarget
    from civicportal.tools.backup.verifying import BackupVerification

INCOMPLETE = 3
"""Exit code: complete except for pictures that were deleted during the backup."""
IDENTITY = click.option(
    "--identity",
    "identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the private key for an encrypted backup.",
)
UNSIGNED = click.option("--unsigned", is_flag=True, help="Accept an unsigned backup of an older version.")


class MakesByDefault(click.Group):
    """A group with a default command: ``backup TARGET`` is ``backup make TARGET``."""

    default = "make"

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Add the default command if none is given."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(context)}:
            args.insert(0, self.default)
        return super().parse_args(context, args)


@click.group(cls=MakesByDefault)
def backup() -> None:
    """Make, verify and prune backups; `civicportal backup TARGET` makes one.

    TARGET is a file that contains the pictures too; or a repository, in which each picture is stored once: a folder (an
    existing one, or a name that ends with a slash), or `s3://BUCKET/FOLDER/` with the keys in [backup].
    """


@backup.command()
@click.argument("target")
@click.option(
    "--verify", "is_verified", is_flag=True, help="Restore it into a scratch database first, and compare."
)
@click.pass_context
def make(context: click.Context, target: str, is_verified: bool) -> None:
    """Write database, pictures and a manifest to TARGET, while the portal runs.

    The secrets are not included; the output names the environment variables that the restored portal needs. Exit code
    1: no backup was made, and the reason is printed; 3: pictures are missing in the portal itself.
    """
    from civicportal.tools.backup.making import make_backup

    _tidy_up_when_told_to_end()
    made = make_backup(load_site(context), target, click.echo, verify=is_verified)
    click.echo(
        f"{made.address}: {made.files} files, {made.added} of them stored now, archive {made.size / 2**20:.1f} MiB"
    )
    for name, place in {**made.manifest.environment, **made.manifest.secret_files}.items():
        click.echo(f"not in it: {name} ({place})")
    if made.verified:
        _say_verified(context, made.verified)


@backup.command()
@click.argument("archive")
@IDENTITY
@UNSIGNED
@click.pass_context
def verify(context: click.Context, archive: str, identity: Path | None, unsigned: bool) -> None:
    """Restore ARCHIVE into a scratch database and store, and compare everything.

    Both are deleted afterwards.

    Exit code 1: the archive cannot be restored, and the difference is printed; 3: pictures are missing.
    """
    from civicportal.tools.backup.verifying import verify_backup

    _tidy_up_when_told_to_end()
    site = load_site(context)
    found = verify_backup(site, archive, click.echo, identities=_identities(identity), unsigned=unsigned)
    _say_verified(context, found)


@backup.command(name="list")
@click.argument("repository")
@click.pass_context
def list_archives(context: click.Context, repository: str) -> None:
    """List the archives of a repository, oldest first."""
    from civicportal.tools.backup.repository import archives

    target = _repository(context, repository)
    for _moment, name in archives(target):
        click.echo(f"{target.place}/{name}")


@backup.command()
@click.argument("repository")
@click.option("--keep-daily", type=click.IntRange(0), default=7, show_default=True, help="Days.")
@click.option("--keep-weekly", type=click.IntRange(0), default=4, show_default=True, help="Weeks.")
@click.option("--keep-monthly", type=click.IntRange(0), default=12, show_default=True, help="Months.")
@click.pass_context
def prune(
    context: click.Context, repository: str, keep_daily: int, keep_weekly: int, keep_monthly: int
) -> None:
    """Delete old archives and pictures that no kept archive references.

    The last archive of each of the newest days, weeks and months is kept, and always the newest one.
    """
    from civicportal.tools.backup import repository as repositories

    _tidy_up_when_told_to_end()
    target = _repository(context, repository)
    _number, pictures = repositories.prune(
        target, daily=keep_daily, weekly=keep_weekly, monthly=keep_monthly, progress=click.echo
    )
    click.echo(f"{pictures} pictures deleted")


@backup.command()
@click.pass_context
def key(context: click.Context) -> None:
    """Print the public key for verifying this portal's backups."""
    from civicportal.tools.backup.sealing import public_key

    click.echo(public_key(load_site(context)))


@click.command()
@click.argument("archive")
@click.option("--force", is_flag=True, help="Replace the database and the pictures that are there.")
@click.option("--other-secret", is_flag=True, help="The secret of the site that was backed up is lost.")
@click.option(
    "--public-key", default="", metavar="HEX", help="Of the portal that made it, with --other-secret."
)
@IDENTITY
@UNSIGNED
@click.pass_context
def restore(
    context: click.Context,
    archive: str,
    force: bool,
    other_secret: bool,
    public_key: str,
    identity: Path | None,
    unsigned: bool,
) -> None:
    """Restore the site's database and store from ARCHIVE.

    Stop the portal and its workers first.

    ARCHIVE is a file or a URL `s3://…`. Exit code 1: nothing was restored, and the reason is printed; 3: pictures are
    missing from the backup. If it fails, database and store are put back as they were, and it can be repeated.
    """
    from civicportal.tools.backup.restoring import restore_backup

    _tidy_up_when_told_to_end()
    done = restore_backup(
        assemble_site(context),
        archive,
        click.echo,
        force=force,
        other_secret=other_secret,
        public_key=public_key,
        identities=_identities(identity),
        unsigned=unsigned,
    )
    click.echo(f"the portal of {done.manifest.made_at} is back, with {done.files} files")
    click.echo(f"all sessions are closed; {done.messages} messages that were waiting then are discarded")
    if done.links:
        click.echo(f"{done.links} invitations and links for a new password are void: create new ones")
    for words in done.ended:
        click.echo(words)
    if not done.same_file:
        click.echo("site.toml has changed since the backup: compare the two")
    if done.missing:
        click.echo(
            f"{done.missing} pictures were deleted while the backup was made: civicportal files verify"
        )
    click.echo("look it over: civicportal check")
    context.exit(INCOMPLETE if done.missing else 0)


def _repository(context: click.Context, address: str) -> "BackupTarget":
    from civicportal.tools.backup.targets import FolderTarget, open_target

    target, name = open_target(load_site(context), address)
    if name or (isinstance(target, FolderTarget) and not target.folder.is_dir()):
        raise click.ClickException(f"{address} is no repository: name a folder, or s3://BUCKET/FOLDER/")
    return target


def _identities(path: Path | None) -> "list[Identity]":
    from civicportal.tools.backup.sealing import read_identities

    return read_identities(path) if path else []


def _say_verified(context: click.Context, found: "BackupVerification") -> None:
    tables = f"{found.tables} tables with " if found.tables else ""
    click.echo(f"verified: {tables}{found.rows} rows and {found.files} pictures are as they were")
    if found.missing:
        click.echo(f"{found.missing} pictures that rows name are missing: civicportal files verify")
        context.exit(INCOMPLETE)


def _tidy_up_when_told_to_end() -> None:
    """Clean up on SIGTERM and SIGHUP."""

    def end(number: int, _frame: object) -> None:
        # A closed terminal may send both, and the second must not interrupt the cleanup.
        for one in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        # Signals ignored by nohup stay ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
