"""Views of members, roles and deputies."""
