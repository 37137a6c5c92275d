/* A field that finds the options of a select by their words.

   <select data-typeahead data-text-none data-text-found="{count} found">

   The select stays in the form and keeps what is chosen; the field stands in its place. Typed words that fit one option alone
   choose it, and so does the full name of one; otherwise Enter or a click takes the marked option. Leaving the field without a
   choice shows again what is chosen. Options of groups that are hidden are not offered. */
import { all, key, number } from './page.js';

const MOST_SHOWN = 50;

function offered(select) {
  return all('option', select).filter((option) => option.value && !option.closest('optgroup[hidden]'));
}
function fits(option, words) {
  const text = key(option.text);
  return words.every((word) => text.indexOf(word) >= 0);
}

export function setUpTypeahead(select) {
  const box = document.createElement('div');
  const field = document.createElement('input');
  const list = document.createElement('div');
  const status = document.createElement('p');
  const label = document.querySelector(`label[for="${select.id}"]`);
  let active = -1;

  box.className = 'typeahead';
  field.className = 'form-select';
  field.type = 'text';
  field.id = `${select.id}-find`;
  field.autocomplete = 'off';
  field.setAttribute('role', 'combobox');
  field.setAttribute('aria-autocomplete', 'list');
  field.setAttribute('aria-expanded', 'false');
  field.setAttribute('aria-controls', `${select.id}-list`);
  ['aria-describedby', 'aria-invalid', 'aria-required'].forEach((name) => {
    if (select.hasAttribute(name)) {
      field.setAttribute(name, select.getAttribute(name));
    }
  });
  field.classList.toggle('is-invalid', select.classList.contains('is-invalid'));
  list.className = 'card-x typeahead-list';
  list.id = `${select.id}-list`;
  list.setAttribute('role', 'listbox');
  list.hidden = true;
  status.className = 'visually-hidden';
  status.setAttribute('role', 'status');
  if (label) {
    label.htmlFor = field.id;
    list.setAttribute('aria-label', label.textContent.trim());
  }
  const focused = document.activeElement === select;
  select.before(box);
  box.append(field, list, status);
  select.classList.add('visually-hidden');
  select.tabIndex = -1;
  select.setAttribute('aria-hidden', 'true');
  if (focused) {
    field.focus();
  }

  function items() {
    return all('[role=option]', list);
  }
  function showChosen() {
    const option = select.selectedOptions[0];
    field.value = option?.value ? option.text : '';
    field.placeholder = select.options[0]?.value ? '' : (select.options[0]?.text ?? '');
  }
  function close() {
    list.hidden = true;
    active = -1;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
  }
  function choose(value) {
    if (select.value !== value) {
      select.value = value;
      select.dispatchEvent(new Event('change', { bubbles: true }));
    }
  }
  function take(item) {
    choose(item.dataset.value);
    showChosen();
    close();
  }
  function mark(index) {
    const options = items();
    active = Math.max(-1, Math.min(options.length - 1, index));
    options.forEach((item, place) => {
      item.setAttribute('aria-selected', place === active);
    });
    if (active >= 0) {
      field.setAttribute('aria-activedescendant', options[active].id);
      options[active].scrollIntoView({ block: 'nearest' });
    } else {
      field.removeAttribute('aria-activedescendant');
    }
  }
  function section(name) {
    const part = document.createElement('div');
    const title = document.createElement('div');
    part.setAttribute('role', 'group');
    part.setAttribute('aria-label', name);
    title.className = 'xs muted';
    title.setAttribute('aria-hidden', 'true');
    title.textContent = name;
    part.append(title);
    return part;
  }
  function item(option, place) {
    const line = document.createElement('div');
    line.id = `${list.id}-${place}`;
    line.dataset.value = option.value;
    line.setAttribute('role', 'option');
    line.setAttribute('aria-selected', 'false');
    line.textContent = option.text;
    return line;
  }
  function open(found) {
    let group = null;
    let part = list;
    list.replaceChildren();
    found.slice(0, MOST_SHOWN).forEach((option, place) => {
      const parent = option.parentNode;
      if (parent !== group) {
        part = parent.tagName === 'OPTGROUP' ? section(parent.label) : list;
        if (part !== list) {
          list.append(part);
        }
      }
      group = parent;
      part.append(item(option, place));
    });
    list.hidden = found.length === 0;
    field.setAttribute('aria-expanded', String(found.length > 0));
    mark(-1);
  }
  function find() {
    const typed = key(field.value);
    const words = typed ? typed.split(' ') : [];
    const found = offered(select).filter((option) => fits(option, words));
    const exact = found.filter((option) => key(option.text) === typed);
    const only = exact.length === 1 ? exact : found;
    open(found);
    status.textContent = found.length
      ? select.dataset.textFound.replace('{count}', number(found.length))
      : select.dataset.textNone;
    choose(typed && only.length === 1 ? only[0].value : '');
  }

  field.addEventListener('input', find);
  field.addEventListener('focus', () => {
    field.select();
  });
  field.addEventListener('click', () => {
    if (list.hidden) {
      open(offered(select));
    } else {
      close();
    }
  });
  field.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      if (list.hidden) {
        open(offered(select));
      }
      mark(active + (e.key === 'ArrowDown' ? 1 : -1));
    }
    if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      if (active >= 0) {
        take(items()[active]);
      }
    }
    if (e.key === 'Escape' && !list.hidden) {
      e.stopPropagation();
      showChosen();
      close();
    }
  });
  field.addEventListener('blur', () => {
    showChosen();
    close();
  });
  /* The field keeps the focus, so that its list does not close before the click. */
  list.addEventListener('mousedown', (e) => {
    e.preventDefault();
  });
  list.addEventListener('click', (e) => {
    const line = e.target.closest('[role=option]');
    if (line) {
      take(line);
    }
  });
  select.addEventListener('focus', () => {
    field.focus();
  });
  /* Another field of the form may have changed what is offered, or chosen. */
  select.form.addEventListener('change', () => {
    if (document.activeElement !== field) {
      showChosen();
    }
  });
  showChosen();
}
