/* What every page does with a script. Nothing here is needed to read or to send.

   <button data-theme-toggle aria-pressed>     light and dark
   <button data-nav-toggle aria-controls="side"> … <button data-nav-close>     staff drawer (Esc closes)
   <p data-count="FIELD_ID" data-limit="100">  characters written, of how many
   <button data-copy="TEXT">                   copies; says body[data-text-copied] in a toast
   <button data-print>                         prints
   <button data-dialog-open="DIALOG_ID">       opens a <dialog>
   <div data-toast><button data-dismiss>       removes the toast
   [data-undo-seconds] with [data-undo-words data-text-left]      counts the seconds, then ends: it cannot be undone any more
   <button data-board="next|previous" aria-controls="TRACK_ID">   scrolls a .board-track by one screen
   <input data-filter="LIST_ID">               hides the children of the list whose data-words/text do not hold the words;
                                               Enter chooses the first that is left
   <button data-select="FIELD_ID" data-start data-end>            marks these characters of a field
   [data-draft-done=NAME data-owner=USER_ID]   the form NAME was sent: its draft of this person is forgotten
   [data-focus]                                gets the focus when the page opens (error summary)
   <form>                                      a second click on its button is ignored; the pressed button becomes busy, until
                                               nobody has answered for long: then it may be sent again; without a
                                               network the page stays as it is (event "unsent", unless somebody takes it)
   <form data-stay>                            … not this one: it answers with a file and the page stays
   <form> with [data-sends-itself]             is sent when the page has loaded: it was complete before its person signed in
   <form data-ctrl-enter>                      Ctrl+Enter sends it, by its button data-default if it has one
   <input data-jdate>                          the month over a date field comes from jdate.js
   body[data-text-copied data-text-busy data-text-silent data-text-offline data-text-of data-icons], input[name=csrf_token] */
import * as page from './page.js';
import { all, each, key, number, on, one, themeChanged, toast } from './page.js';

const root = document.documentElement;
const body = document.body;
const PATIENCE_MS = 20000; /* until an unanswered form may be sent again */

function paintTheme(button) {
  const dark = root.dataset.bsTheme === 'dark';
  button.setAttribute('aria-pressed', dark);
  one('use', button).setAttribute('href', `${body.dataset.icons}#${dark ? 'sun' : 'moon'}`);
}
all('[data-theme-toggle]').forEach(paintTheme);
on('[data-theme-toggle]', 'click', () => {
  root.dataset.bsTheme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', root.dataset.bsTheme);
  } catch {
    /* this page only */
  }
  all('[data-theme-toggle]').forEach(paintTheme);
  themeChanged();
});

function drawer(open) {
  const toggle = one('[data-nav-toggle]');
  body.classList.toggle('nav-open', open);
  toggle.setAttribute('aria-expanded', open);
  (open ? one(`#${toggle.getAttribute('aria-controls')} a`) : toggle).focus();
}
on('[data-nav-toggle]', 'click', () => {
  drawer(true);
});
on('[data-nav-close]', 'click', () => {
  drawer(false);
});
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && body.classList.contains('nav-open')) {
    drawer(false);
  }
});

each('[data-count]', (counter) => {
  const field = document.getElementById(counter.dataset.count);
  field.addEventListener('input', () => {
    counter.textContent = body.dataset.textOf
      .replace('{count}', number(field.value.length))
      .replace('{limit}', number(Number(counter.dataset.limit)));
  });
});

/* → whether it was copied, where the page has come over plain http and scripts have no clipboard. */
function copyWithout(text) {
  const field = document.createElement('textarea');
  field.className = 'visually-hidden';
  field.value = text;
  body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}
on('[data-copy]', 'click', (button) => {
  const text = button.dataset.copy;
  function tell() {
    toast(body.dataset.textCopied);
  }
  if (navigator.clipboard) {
    navigator.clipboard.writeText(text).then(tell, () => {});
  } else if (copyWithout(text)) {
    button.focus();
    tell();
  }
});
on('[data-select]', 'click', (button) => {
  const field = document.getElementById(button.dataset.select);
  field.focus();
  field.setSelectionRange(Number(button.dataset.start), Number(button.dataset.end));
});
on('[data-print]', 'click', () => {
  print();
});
on('[data-dialog-open]', 'click', (button) => {
  document.getElementById(button.dataset.dialogOpen).showModal();
});
/* A live region says what comes into it, not what it was sent with. */
addEventListener('load', () => {
  all('[data-toast]').forEach((told) => {
    if (!told.contains(document.activeElement)) {
      told.parentNode.append(told);
    }
  });
});
/* What can be undone for some seconds only ends with them. The seconds are shown, not spoken: a reader of the screen has
   heard at the beginning how many there are. */
each('[data-undo-seconds]', (told) => {
  const ends = Date.now() + Number(told.dataset.undoSeconds) * 1000;
  const words = one('[data-undo-words]', told);
  const left = document.createElement('span');
  if (words) {
    left.className = 'xs';
    left.setAttribute('aria-hidden', 'true');
    words.before(left);
    words.classList.add('visually-hidden');
  }
  function tick() {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    if (seconds > 0) {
      left.textContent = words ? words.dataset.textLeft.replace('{n}', number(seconds)) : '';
      return;
    }
    clearInterval(clock);
    if (told.contains(document.activeElement)) {
      one('main').focus();
    }
    told.style.height = `${told.offsetHeight}px`;
    told.classList.add('ended');
    told.replaceChildren();
  }
  const clock = setInterval(tick, 1000);
  tick();
});
on('[data-dismiss]', 'click', (button) => {
  button.closest('[data-toast]').remove();
});
on('[data-board]', 'click', (button) => {
  const track = document.getElementById(button.getAttribute('aria-controls'));
  const way = (button.dataset.board === 'next') === (root.dir === 'ltr') ? 1 : -1;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  track.scrollBy({ left: way * track.clientWidth * 0.86, behavior: calm ? 'auto' : 'smooth' });
});
on('[data-filter]', 'input', (field) => {
  const words = key(field.value).split(' ');
  Array.prototype.forEach.call(document.getElementById(field.dataset.filter).children, (item) => {
    const text = key(`${item.dataset.words || ''} ${item.textContent}`);
    item.hidden = !words.every((word) => text.indexOf(word) >= 0);
  });
});
on('[data-filter]', 'keydown', (field, e) => {
  if (e.key !== 'Enter' || e.ctrlKey || e.metaKey) {
    return;
  }
  e.preventDefault();
  const choice = field.value && one(`#${field.dataset.filter} > :not([hidden]) input`);
  if (choice) {
    choice.click();
    choice.focus();
  }
});

function setBusy(button) {
  button.setAttribute('aria-busy', 'true');
  button.dataset.words = button.innerHTML;
  button.textContent = body.dataset.textBusy;
}
document.addEventListener('submit', (e) => {
  const form = e.target;
  if (e.defaultPrevented || form.method === 'dialog') {
    return;
  }
  if (form.method === 'post' && navigator.onLine === false) {
    e.preventDefault();
    toast(body.dataset.textOffline);
    return;
  }
  if ('stay' in form.dataset) {
    return;
  }
  if (form.dataset.sent) {
    e.preventDefault();
    return;
  }
  form.dataset.sent = 'true';
  setTimeout(() => {
    if (form.dataset.sent) {
      giveUp(form);
    }
  }, PATIENCE_MS);
  /* after the browser has read the button's name and value */
  setTimeout(() => {
    if (e.submitter && form.method === 'post') {
      setBusy(e.submitter);
    }
  });
});
function release() {
  all('form[data-sent]').forEach((form) => {
    delete form.dataset.sent;
  });
  all('[aria-busy=true][data-words]').forEach((button) => {
    button.innerHTML = button.dataset.words;
    button.removeAttribute('aria-busy');
  });
}
/* The network is slow, or the page was stopped: its form can be sent again. */
function giveUp(form) {
  release();
  if (form.method === 'post') {
    toast(body.dataset.textSilent);
  }
}
/* The service worker has found no network for a form: the page stays as it is. */
if (navigator.serviceWorker) {
  navigator.serviceWorker.addEventListener('message', (e) => {
    const form = one('form[data-sent]');
    if (!e.data.unsent || !form) {
      return;
    }
    release();
    if (form.dispatchEvent(new Event('unsent', { cancelable: true }))) {
      toast(body.dataset.textOffline);
    }
  });
}
/* Scripts of the page, such as that of a wizard, have set up the form by then. */
addEventListener('load', () => {
  const form = one('[data-sends-itself]')?.closest('form');
  form?.requestSubmit(one('button[type=submit], button:not([type])', form));
});
/* The page may come back from the browser's memory: its forms work again. */
addEventListener('pageshow', (e) => {
  if (e.persisted) {
    release();
  }
});
document.addEventListener('keydown', (e) => {
  const form = e.target.closest?.('form[data-ctrl-enter]');
  if (form && e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
    form.requestSubmit(one('[data-default]', form) || undefined);
  }
});

all('[data-draft-done]').forEach((page) => {
  try {
    localStorage.removeItem(`draft:${page.dataset.draftDone}:${page.dataset.owner || ''}`);
  } catch {
    /* none is kept */
  }
});

/* Of more tabs than a phone is wide, and more pages than the side bar is high above one's name, the open one is in sight. */
all('.tabs-x [aria-current], .side .side-link[aria-current]').forEach((open) => {
  const list = open.closest('.tabs-x, .side');
  const name = one('.me', list);
  const place = open.getBoundingClientRect();
  const frame = list.getBoundingClientRect();
  list.scrollLeft += place.x + place.width / 2 - frame.x - frame.width / 2;
  if (name) {
    list.scrollTop += Math.max(0, place.bottom - name.getBoundingClientRect().top + 4);
  }
});

const first = one('[data-focus]');
if (first) {
  first.focus();
}

/* A plugin's script cannot know the address of a file of the core, which changes with what the files hold. */
window.civicportal = page;
each('[data-jdate]', () => {
  import('./jdate.js');
});
