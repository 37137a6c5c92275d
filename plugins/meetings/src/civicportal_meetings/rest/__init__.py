"""Requests for meetings, the diary of the mayor and orders in the API."""

from civicportal_meetings.rest.appointments import OPERATIONS as APPOINTMENTS
from civicportal_meetings.rest.orders import OPERATIONS as ORDERS
from civicportal_meetings.rest.requests import OPERATIONS as REQUESTS
from civicportal_meetings.rest.sessions import OPERATIONS as SESSIONS

OPERATIONS = (*REQUESTS, *SESSIONS, *APPOINTMENTS, *ORDERS)
