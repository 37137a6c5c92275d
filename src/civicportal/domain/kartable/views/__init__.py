"""Views of the kartable: the list, a case, actions on one case and bulk actions."""
