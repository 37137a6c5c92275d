"""Names that stand in the database and in roles."""

KIND = "meetings"
ORDERS = "orders"
MINUTES = "meetings:minutes:write"
SESSIONS = "meetings:session:manage"
GIVE_ORDERS = "meetings:order:give"
VIEW, WORK = "meetings:case:view", "meetings:case:work"
CONTACT, IDENTITY = "meetings:case:contact", "meetings:case:identity"
