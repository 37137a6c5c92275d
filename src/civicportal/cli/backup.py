"""``civicportal backup`` and ``civicportal restore``: the whole portal in one file, and back."""

import signal
from pathlib import Path

import click

from civicportal.cli.options import load_site

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.pass_context
def backup(context: click.Context, file: Path) -> None:
    """Write database, pictures and a manifest into FILE, while the portal runs.

    The secrets are not in it: it names the environment variables that the restored portal needs. Exit code 1 says that no
    file was made, and why.
    """
    from civicportal.backup import make_backup

    _tidy_up_when_told_to_end()
    made = make_backup(load_site(context), file, click.echo)
    click.echo(f"{file}: {made.files} files, {made.size / 2**20:.1f} MiB")
    for name, place in {**made.manifest.environment, **made.manifest.secret_files}.items():
        click.echo(f"not in it: {name} ({place})")


@click.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace the database and the pictures that are there.")
@click.option("--other-secret", is_flag=True, help="The secret of the site that was backed up is lost.")
@click.pass_context
def restore(context: click.Context, file: Path, force: bool, other_secret: bool) -> None:
    """Fill the site's database and store from FILE; stop the portal and its workers first.

    Exit code 1 says that nothing was restored, and why; 3 that pictures are missing from the backup.
    """
    from civicportal.backup import restore_backup

    done = restore_backup(load_site(context), file, click.echo, force=force, other_secret=other_secret)
    click.echo(f"the portal of {done.manifest.made_at} is back, with {done.files} files")
    click.echo(f"everybody signs in anew; {done.messages} messages that waited then are not sent any more")
    if done.links:
        click.echo(f"{done.links} invitations and links for a new password are void: make them anew")
    for words in done.ended:
        click.echo(words)
    if not done.same_file:
        click.echo("site.toml is another than then: compare it with the one you keep")
    if done.missing:
        click.echo(
            f"{done.missing} pictures were deleted while the backup was made: civicportal files verify"
        )
    click.echo("look it over: civicportal check")
    context.exit(3 if done.missing else 0)


def _tidy_up_when_told_to_end() -> None:
    """A service manager stops by SIGTERM, which by itself would leave what is half written."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
