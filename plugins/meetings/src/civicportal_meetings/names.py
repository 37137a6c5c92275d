"""Names used in the database and in roles."""

KIND = "meetings"
ORDERS = "orders"
MINUTES = "meetings:minutes:write"
SESSIONS = "meetings:session:manage"
GIVE_ORDERS = "meetings:order:give"
REFER_ORDERS = "orders:case:refer"
VIEW, WORK, REGISTER = "meetings:case:view", "meetings:case:work", "meetings:case:register"
