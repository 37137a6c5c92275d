"""The gettext domain of the plugin.

``_`` marks a text, ``locale/`` translates it.
"""

from pyramid.i18n import TranslationStringFactory

_ = TranslationStringFactory("civicportal_meetings")
