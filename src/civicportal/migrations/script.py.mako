<%!
def tidy(code):
    lines = [line for line in (code or "").splitlines() if "# ###" not in line]
    return "\n".join(lines).strip() or "pass"
%>\
"""${message[0].upper()}${message[1:]}."""

import sqlalchemy as sa
from alembic import op
% if imports:
${imports}
% endif

revision = "${up_revision}"
down_revision = ${'"%s"' % down_revision if down_revision else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${tidy(upgrades)}


def downgrade() -> None:
    ${tidy(downgrades)}
