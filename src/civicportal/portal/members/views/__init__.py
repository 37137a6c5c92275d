"""The pages about members, access levels and deputies."""
