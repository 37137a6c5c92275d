/* The page of the queue: what waits in this browser, what it needs, and what has arrived. See queue.js and the texts of
   templates/pwa/queue.jinja2. What was thrown away can be taken back while the page is open. */
import { all, icon, number, one, toast } from './page.js';
import { ask, flush, isPossible, standing } from './queue.js';

const TONES = { waits: 'new', sending: 'doing', sent: 'done', other: 'new' };
const SYMBOLS = { waits: 'clock', sending: 'send', sent: 'circle-check', other: 'clock' };

function setUp(root) {
  const texts = root.dataset;
  const list = one('[data-queue-list]', root);
  const drawn = new Map(); /* key → {item, state, shown}: a card is drawn again only when it has changed */
  const removed = new Map(); /* key → entry that can be taken back */
  let owner = '';

  function told(entry, state) {
    if (state === 'needs') {
      const errors = (entry.errors || []).map((error) => (error.label ? `${error.label}: ` : '') + error.message);
      const words = [entry.message, ...errors].filter(Boolean);
      return words.join(' ') || (entry.state === 'editing' ? texts.textEditing : texts.textRefused);
    }
    if (state === 'waits' && entry.message) {
      return `${entry.message} ${texts.textLater}`;
    }
    if (state === 'sent' && entry.changed) {
      return texts.textChanged;
    }
    return {
      waits: texts.textWaits,
      sending: texts.textSending,
      sent: texts.textSent,
      other: texts.textOther,
      whose: texts.textWhose,
      'sign-in': texts.textSignIn,
    }[state];
  }
  function written(entry) {
    const time = new Date(entry.at).toLocaleString(document.documentElement.lang, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      hour: '2-digit',
      minute: '2-digit',
    });
    return texts.textWritten.replace('{time}', time);
  }
  function pill(item, state) {
    const place = one('[data-pill]', item);
    place.classList.add(TONES[state] || 'wait');
    place.append(icon(SYMBOLS[state] || 'alert-triangle'), one(`[data-pill-words="${state}"]`).textContent);
  }
  function draw(entry) {
    const state = removed.has(entry.key) ? 'removed' : standing(entry, owner);
    const item = one('#queue-entry').content.firstElementChild.cloneNode(true);
    item.dataset.key = entry.key;
    item.dataset.state = state;
    if (state === 'removed') {
      one('[data-title]', item).textContent = standing(entry, owner) === 'other' ? '' : entry.title;
      one('[data-told]', item).textContent = texts.textRemoved;
      show(item, '[data-undo]', true);
      return item;
    }
    pill(item, state);
    one('[data-told]', item).textContent = told(entry, state);
    if (state === 'other') {
      return item;
    }
    one('[data-title]', item).textContent = entry.title;
    one('[data-at]', item).textContent = written(entry);
    one('[data-lines]', item).append(
      ...(entry.lines || []).map((line) => {
        const words = document.createElement('p');
        words.className = 'small muted clamp2';
        words.textContent = line;
        return words;
      }),
    );
    pictures(one('[data-pictures]', item), entry.files || []);
    if (state === 'sent') {
      one('[data-see]', item).href = entry.location;
    }
    if (entry.page) {
      one('[data-edit]', item).href = `${entry.page}?entry=${entry.key}`;
    }
    show(item, '[data-see]', state === 'sent');
    show(item, '[data-claim]', state === 'whose');
    show(item, '[data-edit]', ['waits', 'sign-in', 'needs', 'whose'].indexOf(state) >= 0);
    show(item, '[data-again]', state === 'needs');
    show(item, '[data-remove]', state !== 'sending');
    return item;
  }
  function pictures(place, files) {
    files.forEach((file, index) => {
      const picture = document.createElement('img');
      picture.className = 'thumb sm';
      picture.alt = texts.textPicture.replace('{number}', number(index + 1));
      picture.src = URL.createObjectURL(file.blob);
      picture.addEventListener('load', () => URL.revokeObjectURL(picture.src));
      place.append(picture);
    });
  }
  function show(item, selector, is) {
    one(selector, item).hidden = !is;
  }

  async function refresh() {
    const answer = await ask('list');
    owner = answer.owner;
    const gone = [...removed.values()].filter((entry) => answer.entries.every((other) => other.key !== entry.key));
    const shown = [...answer.entries, ...gone].sort((entry, other) => entry.at - other.at);
    const keys = shown.map((entry) => entry.key);
    drawn.forEach(({ item }, key) => {
      if (keys.indexOf(key) < 0) {
        item.remove();
        drawn.delete(key);
      }
    });
    shown.forEach((entry) => {
      const { files, ...rest } = entry;
      const words = JSON.stringify([rest, files?.length, owner, removed.has(entry.key)]);
      const before = drawn.get(entry.key);
      if (before?.words === words) {
        return;
      }
      const item = draw(entry);
      const had = before?.item.contains(document.activeElement);
      if (before) {
        before.item.replaceWith(item);
      } else {
        list.append(item);
      }
      if (had) {
        item.focus();
      }
      drawn.set(entry.key, { item, words, entry });
    });
    one('[data-queue-empty]', root).hidden = shown.length > 0;
    one('[data-queue-send]', root).hidden = !all('[data-state=waits]', list).length;
  }
  function without() {
    one('[data-queue-none]', root).hidden = false;
  }

  async function act(name, key, values) {
    const answer = await ask(name, { key, ...values });
    if (answer.busy) {
      toast(texts.textBusy, 'clock');
    }
    return answer;
  }
  const actions = {
    claim: (key) => act('claim', key, { owner }).then(flush),
    again: (key) => act('again', key).then(flush),
    async remove(key) {
      const { entry } = drawn.get(key);
      const answer = await act('remove', key);
      if (!answer.busy) {
        removed.set(key, entry);
      }
    },
    async undo(key) {
      const entry = removed.get(key);
      await ask('restore', { entry });
      removed.delete(key);
    },
  };
  list.addEventListener('click', (e) => {
    const name = Object.keys(actions).find((action) => e.target.closest(`[data-${action}]`));
    if (name) {
      actions[name](e.target.closest('[data-key]').dataset.key).then(refresh, without);
    }
  });
  one('[data-queue-send]', root).addEventListener('click', () => {
    flush().then(refresh);
  });
  document.addEventListener('queue', () => {
    refresh().catch(() => {});
  });
  if (isPossible) {
    refresh().then(() => document.getElementById(location.hash.slice(1))?.focus(), without);
  } else {
    without();
  }
}

setUp(one('[data-queue-page]'));
