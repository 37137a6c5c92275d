"""Generate the page of the files of seeds, from the schemas that parse their entries."""

from civicportal.portal.seeds import schemas
from docs.tools.toml_keys import section

INTRODUCTION = """\
# Files of seeds

What `data/*.toml` of a site may hold; `civicportal site load` applies each entry once. An unknown key or a value of the wrong type is
refused with its place, and nothing is applied; `civicportal check` names what was applied before and is wrong.
[A first site](../first-site.md#files-and-database) tells how files and database belong together, and the folder `data/` of
`examples/shahreman_site` shows complete files.
"""
TABLES = (
    ("units.toml: [[units]]", schemas.UnitSeed),
    ("categories.toml: [[categories]], [[categories.children]]", schemas.CategorySeed),
    ("category_questions.toml: [[questions]]", schemas.QuestionSeed),
    ("category_questions.toml: [[questions.choices]]", schemas.ChoiceSeed),
    ("roles.toml: [roles.KEY]", schemas.RoleSeed),
    ("routing.toml: [[routing]]", schemas.RoutingSeed),
    ("automations.toml: [automations.KEY]", schemas.AutomationSeed),
    ("routing.toml and automations.toml: answer = { … }", schemas.AnswerSeed),
    ('messages.toml: [messages], NAME = "…"', schemas.WordingSeed),
    ("questions.toml: [questions.KEY]", schemas.HelpSeed),
    ("calendar.toml: [[holidays]]", schemas.HolidaySeed),
)


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(section(place, schema()) for place, schema in TABLES)])
