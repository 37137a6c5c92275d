"""Services of meetings, besides the rules of every case."""

from civicportal_meetings.services.appointments import AppointmentService
from civicportal_meetings.services.diary import DiaryService
from civicportal_meetings.services.orders import NewOrder, OrderService
from civicportal_meetings.services.requests import Applicant, MeetingService, NewMeeting
from civicportal_meetings.services.sessions import NewSession, PublicDayService

__all__ = [
    "Applicant",
    "AppointmentService",
    "DiaryService",
    "MeetingService",
    "NewMeeting",
    "NewOrder",
    "NewSession",
    "OrderService",
    "PublicDayService",
]
