/* Keyboard, selection and tabs of the staff pages..

   <… data-kartable-url="/kartable">                 where G K leads
   <table data-rows> … <tr data-row><input type="checkbox"> … <a class="subj">
   <input type="checkbox" data-select-all>  <button data-select-none>  <span data-selected-count>
   <div class="bulk" data-bulk-bar>                  hidden while nothing is selected; then R, S and T press its buttons
   <tr data-row> … <button data-take>                T takes the row's case in hand; R, S and C open it at that tab (#at-refer)
   <div role="tablist" data-tabs><button role="tab" aria-controls aria-selected data-key="KeyS">
   <select data-step-choice data-text-failed><option data-form="URL"> … <section data-step-panel id>   shows the section that
                                                     the chosen option names, fetched if the page has it not yet;
                                                     what was typed goes along into fields of the same name
   <div data-preview="URL">                          filled from there when its section is shown
   <div data-ready="ID"><select> … <option data-text> <button data-ready-undo>   the text of the choice goes below what stands in
                                                     that field, and out again
   <form data-people data-attendance="JSON">         the select "user" offers the group named like the chosen "unit"; of the
                                                     texts [data-attends] that one is shown which JSON names for the unit
   <input data-digits>                               gets the focus, and the digit, when one is typed outside a field
   <input data-hotkey="Slash">                       the search field; that of a list comes before the one above all pages
   <details data-menu><summary data-register> … <a>  a menu that closes with Esc and by a click elsewhere; N opens it
   <a data-register>                                 N follows it
   <form data-begin>                                 its first field gets the focus, unless an error has it
   <div data-toast><form><button>                    Z takes back what was just done
   <dialog id="keys"> … <input type="checkbox" data-keys-switch>   turns the letters off in this browser

   Letters are told by e.code, their place on the keyboard: with the Persian layout e.key is a Persian letter. Named keys are
   told by e.key: soft keyboards leave e.code empty, and a numeric keypad has its own. */
import { all, begin, each, number, one, piece, toast } from './page.js';

const UNDO = '[data-toast] form button';

/* ---------- selection ---------- */
const rows = all('[data-row]');
let current = rows.findIndex((row) => row.classList.contains('cur'));

function box(row) {
  return one('input[type=checkbox]', row);
}
function selectable() {
  return rows.filter(box);
}
function selectionChanged() {
  const chosen = selectable().filter((row) => box(row).checked);
  selectable().forEach((row) => {
    row.classList.toggle('sel', chosen.indexOf(row) >= 0 || row.hasAttribute('aria-current'));
  });
  all('[data-selected-count]').forEach((place) => {
    place.textContent = number(chosen.length);
  });
  all('[data-bulk-bar]').forEach((bar) => {
    bar.hidden = chosen.length === 0;
  });
  all('[data-select-all]').forEach((whole) => {
    whole.checked = chosen.length > 0 && chosen.length === selectable().length;
    whole.indeterminate = chosen.length > 0 && !whole.checked;
  });
}
function select(checked) {
  selectable().forEach((row) => {
    box(row).checked = checked;
  });
  selectionChanged();
}
document.addEventListener('change', (e) => {
  if (e.target.matches('[data-select-all]')) {
    select(e.target.checked);
  }
  if (e.target.closest('[data-row]')) {
    selectionChanged();
  }
});
document.addEventListener('click', (e) => {
  if (e.target.closest('[data-select-none]')) {
    select(false);
  }
});
addEventListener('pageshow', selectionChanged);

function goTo(index) {
  if (!rows.length) {
    return;
  }
  if (rows[current]) {
    rows[current].classList.remove('cur');
  }
  current = Math.max(0, Math.min(rows.length - 1, index));
  rows[current].classList.add('cur');
  one('a.subj', rows[current]).focus();
}
document.addEventListener('focusin', (e) => {
  const row = e.target.closest('[data-row]');
  if (row && rows.indexOf(row) !== current) {
    if (rows[current]) {
      rows[current].classList.remove('cur');
    }
    current = rows.indexOf(row);
    row.classList.add('cur');
  }
});
function toggleCurrent() {
  if (!rows[current] || !box(rows[current])) {
    return;
  }
  box(rows[current]).checked = !box(rows[current]).checked;
  selectionChanged();
}
function openCurrent() {
  if (rows[current]) {
    one('a.subj', rows[current]).click();
  }
}

/* ---------- tabs ---------- */
function panel(tab) {
  return document.getElementById(tab.getAttribute('aria-controls'));
}
function openTab(tab) {
  all('[role=tab]', tab.closest('[data-tabs]')).forEach((other) => {
    const open = other === tab;
    other.setAttribute('aria-selected', open);
    other.tabIndex = open ? 0 : -1;
    panel(other).hidden = !open;
  });
}
function moveFocus(tab, name) {
  const tabs = all('[role=tab]', tab.closest('[data-tabs]'));
  const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const places = { Home: 0, End: tabs.length - 1 };
  const step = name === forward ? 1 : -1;
  const place = name in places ? places[name] : (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
  openTab(tabs[place]);
  tabs[place].focus();
}
all('[data-tabs]').forEach((list) => {
  openTab(one('[aria-selected=true]', list) || one('[role=tab]', list));
  list.addEventListener('click', (e) => {
    const tab = e.target.closest('[role=tab]');
    if (tab) {
      openTab(tab);
    }
  });
  list.addEventListener('keydown', (e) => {
    if (['ArrowLeft', 'ArrowRight', 'Home', 'End'].indexOf(e.key) < 0) {
      return;
    }
    e.preventDefault();
    moveFocus(e.target.closest('[role=tab]'), e.key);
  });
});
/* ---------- forms of a case ---------- */
/* Only the last question about a notice counts: a later one ends it, and so does the sending of any form. Once a step has
   been taken, or the case has gone elsewhere, it is there no more, and the answer would be an error. What fails leaves the preview as it was. */
let asking = null;
function endAsking() {
  if (asking) {
    asking.abort();
  }
}
function askPreview(place, options) {
  endAsking();
  asking = new AbortController();
  piece(place.dataset.preview, Object.assign({ signal: asking.signal }, options))
    .then((html) => {
      place.innerHTML = html;
      place.dataset.filled = 'true';
    })
    .catch(() => {
      /* It is asked for again with the next change. */
    });
}
function fillPreview(panel) {
  const place = one('[data-preview]', panel);
  if (place && !place.dataset.filled) {
    askPreview(place);
  }
}
/* What is typed stands in the preview too; the words go in the body, never in an address. */
function refreshPreview(form) {
  const place = one('[data-preview]', form);
  if (!place) {
    return;
  }
  const body = new URLSearchParams();
  new FormData(form).forEach((value, name) => {
    if (typeof value === 'string') {
      body.append(name, value);
    }
  });
  askPreview(place, { method: 'POST', body: body });
}
document.addEventListener('submit', endAsking);
each('[data-step-form]', (form) => {
  form.addEventListener('change', () => {
    refreshPreview(form);
  });
});
function carryWords(from, to) {
  all('textarea', from).forEach((field) => {
    const other = one(`textarea[name="${field.name}"]`, to);
    if (other && !other.value) {
      other.value = field.value;
    }
  });
}
function chooseStep(select) {
  const panels = all('[data-step-panel]');
  const before = panels.filter((panel) => !panel.hidden);
  panels.forEach((panel) => {
    panel.hidden = panel.id !== select.value;
  });
  const chosen = document.getElementById(select.value);
  if (!chosen) {
    return;
  }
  if (before.length === 1 && before[0] !== chosen) {
    carryWords(before[0], chosen);
  }
  fillPreview(chosen);
}
function fetchStep(select) {
  const option = select.selectedOptions[0];
  piece(option.dataset.form)
    .then((html) => {
      if (!document.getElementById(option.value)) {
        const last = all('[data-step-panel]').pop();
        last.insertAdjacentHTML('afterend', html);
        last.nextElementSibling.hidden = true;
        begin(last.nextElementSibling);
      }
      openStep(select);
    })
    .catch(() => {
      select.value = one('[data-step-panel]:not([hidden])').id;
      toast(select.dataset.textFailed);
    });
}
function openStep(select) {
  if (!select.value || document.getElementById(select.value)) {
    chooseStep(select);
  } else {
    fetchStep(select);
  }
}
all('[data-step-choice]').forEach((select) => {
  openStep(select);
  select.addEventListener('change', () => {
    openStep(select);
  });
});
/* A text goes below what was typed as soon as it is chosen, in the place of what the portal has preset (data-preset). Another choice takes its place as long as it was not changed; the
   button, and the empty choice, take it out again. What was typed always stays. */
each('[data-ready]', (place) => {
  const choice = one('select', place);
  const takeOut = one('[data-ready-undo]', place);
  one('[name=insert]', place).remove();
  const field = document.getElementById(place.dataset.ready);
  const preset = 'preset' in place.dataset ? field.value.trimEnd() : null;
  let before = '';
  let inserted = null;
  function put(text) {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  function remove() {
    if (inserted !== null && field.value === inserted) {
      put(before);
    }
    inserted = null;
    takeOut.hidden = true;
  }
  choice.addEventListener('change', () => {
    remove();
    if (!choice.value) {
      return;
    }
    before = field.value;
    const written = before.trimEnd() === preset ? '' : before.trimEnd();
    inserted = (written ? `${written}\n` : '') + choice.selectedOptions[0].dataset.text;
    put(inserted);
    takeOut.hidden = false;
  });
  takeOut.addEventListener('click', () => {
    remove();
    choice.value = '';
    field.focus();
  });
  field.addEventListener('input', () => {
    takeOut.hidden = inserted === null || field.value !== inserted;
  });
});
each('form[data-people]', (form) => {
  const unit = form.elements.unit;
  const person = form.elements.user;
  const attendance = JSON.parse(form.dataset.attendance || '{}');
  function offer() {
    const name = unit.selectedOptions[0].text;
    all('optgroup', person).forEach((group) => {
      const fits = unit.value !== '' && group.label === name;
      group.hidden = group.disabled = !fits;
    });
    if (person.selectedOptions[0].parentNode.disabled) {
      person.value = '';
    }
    hint();
  }
  function hint() {
    const answer = person.value ? undefined : attendance[unit.value];
    all('[data-attends]', form).forEach((text) => {
      text.hidden = text.dataset.attends !== answer;
    });
  }
  person.addEventListener('change', hint);
  unit.addEventListener('change', offer);
  offer();
});
each('[data-typeahead]', (select) => {
  import('./typeahead.js').then((module) => {
    module.setUpTypeahead(select);
  });
});

function firstField(place) {
  const fields = all('select, textarea, input:not([type=hidden])', place);
  return fields.find((field) => field.getClientRects().length > 0);
}
function enterTab(tab) {
  openTab(tab);
  (firstField(panel(tab)) || tab).focus();
}
function jumpTo(code) {
  const tab = one(`[role=tab][data-key="${code}"]`);
  if (!tab) {
    return actOnRows(code);
  }
  enterTab(tab);
  return true;
}
/* Opened from a list by the letter of a tab. No element has this id: the browser would give it the focus. */
const wanted = /^#at-([a-z]+)$/.exec(location.hash);
const named = wanted && document.getElementById(`tab-${wanted[1]}`);
if (named) {
  enterTab(named);
}

const beginning = one('[data-begin]');
if (beginning && !one('[data-focus]')) {
  firstField(beginning)?.focus();
}

/* ---------- letters of a list ---------- */
const TABS = { KeyR: 'refer', KeyS: 'step', KeyC: 'comment' };
const BULK = { KeyR: 'refer', KeyS: 'step', KeyT: 'take' };
function actOnRows(code) {
  const bar = one('[data-bulk-bar]:not([hidden])');
  const button = bar && BULK[code] && one(`[name=action][value=${BULK[code]}]`, bar);
  const row = rows[current];
  const take = code === 'KeyT' && row && one('[data-take]', row);
  if (button || take) {
    (button || take).click();
    return true;
  }
  if (bar || !row || !TABS[code]) {
    return false;
  }
  location.assign(`${one('a.subj', row).pathname}#at-${TABS[code]}`);
  return true;
}

/* ---------- keys ---------- */
let afterG = false;
const keysSwitch = one('[data-keys-switch]');

function lettersOn() {
  try {
    return localStorage.getItem('keys') !== 'off';
  } catch {
    return true;
  }
}
if (keysSwitch) {
  keysSwitch.checked = lettersOn();
  keysSwitch.addEventListener('change', () => {
    try {
      localStorage.setItem('keys', keysSwitch.checked ? 'on' : 'off');
    } catch {
      /* this page only */
    }
  });
}
function writing(target) {
  return (
    target.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(target.type))
  );
}
const register = one('[data-register]');
function startRegistering() {
  register.click();
  if (register.tagName === 'SUMMARY') {
    register.focus();
  }
}
function closeMenus(except) {
  all('[data-menu][open]').forEach((menu) => {
    if (menu !== except) {
      menu.open = false;
    }
  });
}
document.addEventListener('click', (e) => {
  closeMenus(e.target.closest('[data-menu]'));
});
document.addEventListener('keydown', (e) => {
  const menu = one('[data-menu][open]');
  if (menu && e.key === 'Escape') {
    closeMenus();
    one('summary', menu).focus();
  }
});
const actions = {
  KeyJ: () => {
    goTo(current + 1);
  },
  KeyK: () => {
    goTo(current - 1);
  },
  KeyX: toggleCurrent,
};
/* On the desk, a number is typed at once: its first digit leads to the field for it. */
const forDigits = one('[data-digits]');
function act(e) {
  if (forDigits && /^[+0-9۰-۹]$/.test(e.key)) {
    forDigits.focus();
    return false;
  }
  if (e.code === 'Slash' && e.shiftKey) {
    document.getElementById('keys').showModal();
    return true;
  }
  if (e.code === 'Slash') {
    (one('main [data-hotkey=Slash]') || one('[data-hotkey=Slash]')).focus();
    return true;
  }
  if (e.code === 'KeyZ' && one(UNDO)) {
    one(UNDO).click();
    return true;
  }
  if (e.code === 'KeyN' && register) {
    startRegistering();
    return true;
  }
  if (afterG && e.code === 'KeyK') {
    location.assign(one('[data-kartable-url]').dataset.kartableUrl);
    return true;
  }
  if (e.key === 'Enter') {
    if (e.target !== document.body || !rows.length) {
      return false;
    }
    openCurrent();
    return true;
  }
  if (actions[e.code] && rows.length) {
    actions[e.code]();
    return true;
  }
  return jumpTo(e.code);
}
document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || writing(e.target) || !lettersOn()) {
    return;
  }
  if (one('dialog[open]')) {
    return;
  }
  if (act(e)) {
    e.preventDefault();
  }
  afterG = e.code === 'KeyG';
});
