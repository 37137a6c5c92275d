"""Views of sign-in and of the account."""
