from datetime import date

class JalaliDate:
    year: int
    month: int
    day: int
    def __init__(self, year: int, month: int, day: int) -> None: ...
    def to_gregorian(self) -> date: ...
    @classmethod
    def to_jalali(cls, year: date) -> JalaliDate: ...
