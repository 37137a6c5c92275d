/* A month to choose a day from, over a date field that works without it. A module; portal.js loads it where such a field is.

   <div class="jdate"><input type="text" data-jdate="jalali|gregorian" data-first="2026-11-25" data-last data-weekend="5" data-week="6"
     data-text-open data-text-previous data-text-next data-text-month data-text-year data-text-close>

   The button opens it, and so does the arrow down in the field. Arrows move by day and week, Home and End in the week,
   PageUp and PageDown by month (with Shift by year), Enter chooses, Escape closes. The field hears "input" and "change". */
import { CALENDARS, fromIso, today, weekday, words } from './calendars.js';
import { all, digits, each, icon, one } from './page.js';

const YEARS_BACK = 100;
const YEARS_AHEAD = 10;
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { useGrouping: false });

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    made.setAttribute(name, value);
  });
  made.append(...children);
  return made;
}

class Picker {
  constructor(input) {
    this.input = input;
    this.texts = input.dataset;
    this.calendar = CALENDARS[input.dataset.jdate];
    const year = this.calendar.split(today()).year;
    this.first = fromIso(input.dataset.first) ?? this.calendar.join(year - YEARS_BACK, 1, 1);
    this.last = fromIso(input.dataset.last) ?? this.calendar.join(year + YEARS_AHEAD, 12, 29);
    this.weekend = (input.dataset.weekend || '').split(' ').map(Number);
    this.firstWeekday = Number(input.dataset.week);
    this.name = words(language, this.calendar, { weekday: 'long', day: 'numeric', month: 'long' });
    this.opener = element(
      'button',
      { type: 'button', class: 'btn btn-ghost btn-icon', 'aria-haspopup': 'dialog' },
      icon('calendar-event'),
    );
    this.opener.setAttribute(
      'aria-label',
      `${this.texts.textOpen}: ${input.labels[0] ? input.labels[0].textContent.trim() : ''}`,
    );
    input.after(this.opener);
    this.opener.addEventListener('click', () => this.open());
    input.addEventListener('keydown', (e) => {
      if (e.key === 'ArrowDown') {
        e.preventDefault();
        this.open();
      }
    });
  }

  /* ---------- the dialog, made when it is first opened ---------- */
  build() {
    const wide = { class: 'btn btn-ghost btn-icon', type: 'button' };
    const previous = element('button', { ...wide, 'aria-label': this.texts.textPrevious }, icon('chevron-left'));
    const next = element('button', { ...wide, 'aria-label': this.texts.textNext }, icon('chevron-right'));
    this.month = element('select', { class: 'form-select form-select-sm', 'aria-label': this.texts.textMonth });
    this.year = element('select', { class: 'form-select form-select-sm', 'aria-label': this.texts.textYear });
    this.grid = element('div', { class: 'jcal', role: 'grid', 'aria-label': this.texts.textOpen });
    const close = element('button', { type: 'button', class: 'btn btn-quiet btn-sm' }, this.texts.textClose);
    this.dialog = element(
      'dialog',
      { class: 'jdate-dialog card-x', 'aria-label': this.texts.textOpen },
      element('div', { class: 'jdate-head' }, previous, this.month, this.year, next),
      this.grid,
      element('div', { class: 'row-x between mt-2' }, close),
    );
    all('.icon', this.dialog).forEach((drawing) => {
      drawing.classList.add('flip');
    });
    this.fillSelects();
    document.body.append(this.dialog);
    previous.addEventListener('click', () => this.turn(-1));
    next.addEventListener('click', () => this.turn(1));
    close.addEventListener('click', () => this.dialog.close());
    this.month.addEventListener('change', () =>
      this.show(this.onDay(Number(this.year.value), Number(this.month.value))),
    );
    this.year.addEventListener('change', () =>
      this.show(this.onDay(Number(this.year.value), Number(this.month.value))),
    );
    this.dialog.addEventListener('click', (e) => {
      if (e.target === this.dialog) {
        this.dialog.close();
      }
    });
    this.grid.addEventListener('keydown', (e) => this.key(e));
    this.grid.addEventListener('click', (e) => {
      const cell = e.target.closest('[data-day]');
      if (cell) {
        this.choose(Number(cell.dataset.day));
      }
    });
  }

  fillSelects() {
    const from = this.calendar.split(this.first).year;
    const until = this.calendar.split(this.last).year;
    const month = words(language, this.calendar, { month: 'long' });
    for (let at = 1; at <= 12; at += 1) {
      this.month.append(new Option(month(this.calendar.join(from, at, 15)), at));
    }
    for (let year = until; year >= from; year -= 1) {
      this.year.append(new Option(number.format(year), year));
    }
  }

  open() {
    if (!this.dialog) {
      this.build();
    }
    const typed = this.typed();
    this.chosen = typed;
    this.show(this.within(typed ?? today()));
    this.dialog.showModal();
    this.focus();
  }

  /* ---------- days ---------- */
  /* The day that stands in the field, or null. */
  typed() {
    const parts = digits(this.input.value).match(/^\s*(\d{4})\D(\d{1,2})\D(\d{1,2})\s*$/);
    return parts && this.calendar.join(...parts.slice(1).map(Number));
  }
  within(day) {
    return Math.min(Math.max(day, this.first), this.last);
  }
  /* The same day of another month, or its last one. */
  onDay(year, month) {
    const day = this.calendar.split(this.at).day;
    return this.calendar.join(year, month, Math.min(day, this.calendar.length(year, month)));
  }
  turn(months) {
    const { year, month } = this.calendar.split(this.at);
    const count = year * 12 + month - 1 + months;
    this.show(this.onDay(Math.floor(count / 12), (count % 12) + 1));
  }
  choose(day) {
    const { year, month, day: at } = this.calendar.split(day);
    const two = (value) => (value < 10 ? number.format(0) : '') + number.format(value);
    this.input.value = [number.format(year), two(month), two(at)].join('/');
    this.dialog.close();
    ['input', 'change'].forEach((name) => {
      this.input.dispatchEvent(new Event(name, { bubbles: true }));
    });
  }

  /* ---------- drawing ---------- */
  show(day) {
    this.at = this.within(day);
    const { year, month } = this.calendar.split(this.at);
    const first = this.calendar.join(year, month, 1);
    const blanks = (weekday(first) - this.firstWeekday + 7) % 7;
    const days = Array.from({ length: this.calendar.length(year, month) }, (_, index) => this.cell(first + index));
    const cells = [...Array.from({ length: blanks }, () => element('span', { role: 'gridcell' })), ...days];
    const rows = [this.heads()];
    for (let from = 0; from < cells.length; from += 7) {
      rows.push(cells.slice(from, from + 7));
    }
    this.grid.replaceChildren(...rows.map((row) => element('div', { class: 'jcal-row', role: 'row' }, ...row)));
    this.month.value = month;
    this.year.value = year;
  }
  heads() {
    const short = words(language, this.calendar, { weekday: 'narrow' });
    const long = words(language, this.calendar, { weekday: 'long' });
    const start = today() - ((weekday(today()) - this.firstWeekday + 7) % 7);
    return Array.from({ length: 7 }, (_, index) =>
      element('span', { class: 'dow', role: 'columnheader', 'aria-label': long(start + index) }, short(start + index)),
    );
  }
  cell(day) {
    const cell = element(
      'button',
      {
        type: 'button',
        role: 'gridcell',
        'data-day': day,
        'aria-label': this.name(day),
        'aria-selected': day === this.chosen,
        tabindex: day === this.at ? 0 : -1,
      },
      number.format(this.calendar.split(day).day),
    );
    cell.disabled = day < this.first || day > this.last;
    if (day === today()) {
      cell.className = 'today';
      cell.setAttribute('aria-current', 'date');
    }
    if (this.weekend.includes(weekday(day))) {
      cell.classList.add('fri');
    }
    return cell;
  }
  focus() {
    one('[tabindex="0"]', this.grid).focus();
  }

  /* ---------- keys ---------- */
  key(e) {
    const ahead = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const inWeek = (weekday(this.at) - this.firstWeekday + 7) % 7;
    const days = {
      ArrowUp: -7,
      ArrowDown: 7,
      ArrowLeft: -1,
      ArrowRight: -1,
      Home: -inWeek,
      End: 6 - inWeek,
      [ahead]: 1,
    };
    const months = { PageUp: -1, PageDown: 1 };
    if (e.key in days) {
      this.show(this.at + days[e.key]);
    } else if (e.key in months) {
      this.turn(months[e.key] * (e.shiftKey ? 12 : 1));
    } else {
      return;
    }
    e.preventDefault();
    this.focus();
  }
}

each('[data-jdate]', (input) => new Picker(input));
