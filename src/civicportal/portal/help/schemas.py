"""The form of a frequent question."""

from civicportal.util.i18n import _
from civicportal.web.schema import Choice, CleanText, Flag, Node, StrictSchema


class QuestionSchema(StrictSchema):
    """A frequent question with its answer."""

    locale = Node(Choice(lambda bindings: bindings["languages"]), title=_("Language"))
    question = Node(CleanText(5, 200), title=_("Question"), description=_("As a citizen would ask it."))
    answer = Node(
        CleanText(5, 4000, multiline=True),
        title=_("Answer of the city"),
        description=_(
            "An empty line begins a paragraph. Write no name and no telephone number of a citizen."
        ),
    )
    active = Node(Flag(), title=_("Citizens see it"), missing=False)
