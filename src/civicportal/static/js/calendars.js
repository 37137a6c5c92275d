/* Days as Julian day numbers, in the calendar of a city. A module: other modules import it.

   A calendar has  split(day) → {year, month, day}   join(year, month, day) → day, or null where there is none such
                   length(year, month)               name: of Intl */
import { d2g, d2j, g2d, isValidJalaaliDate, j2d, jalaaliMonthLength } from '../vendor/jalaali/jalaali.js';

const MS_PER_DAY = 86400000;
const UNIX_EPOCH = 2440588;

function gregorianLength(year, month) {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

export const CALENDARS = {
  jalali: {
    name: 'persian',
    split(day) {
      const found = d2j(day);
      return { year: found.jy, month: found.jm, day: found.jd };
    },
    join(year, month, day) {
      return isValidJalaaliDate(year, month, day) ? j2d(year, month, day) : null;
    },
    length: jalaaliMonthLength,
  },
  gregorian: {
    name: 'gregory',
    split(day) {
      const found = d2g(day);
      return { year: found.gy, month: found.gm, day: found.gd };
    },
    join(year, month, day) {
      const real = month >= 1 && month <= 12 && day >= 1 && day <= gregorianLength(year, month);
      return real ? g2d(year, month, day) : null;
    },
    length: gregorianLength,
  },
};

/* 0 (Sunday) to 6. */
export function weekday(day) {
  return (day + 1) % 7;
}

/* The day of an ISO date, or null. */
export function fromIso(text) {
  return text ? CALENDARS.gregorian.join(...text.split('-').map(Number)) : null;
}

/* The day on this machine's clock. */
export function today() {
  const now = new Date();
  return g2d(now.getFullYear(), now.getMonth() + 1, now.getDate());
}

/* → a function that writes a day in words of the language, in UTC as the day numbers are. */
export function words(language, calendar, options) {
  const format = new Intl.DateTimeFormat(`${language}-u-ca-${calendar.name}`, { timeZone: 'UTC', ...options });
  return (day) => format.format(new Date((day - UNIX_EPOCH) * MS_PER_DAY));
}
