/* The queue of forms that were sent without a network, as pages see it; queue-worker.js keeps and sends it.

   [data-queue-done=KEY]          the server has the form: it leaves the queue
   <p data-queue-line hidden data-text-waits="… {n}" data-text-needs="… {n}">  says on a page how many wait, or need
                                  their person; inside, [data-queue-words] takes the words
   Event "queue" on document: the queue has changed. */
import { all, number, one, toast } from './page.js';

const FIRST_PAUSE_MS = 5000; /* until the next attempt of a page that stays open */
const LONGEST_PAUSE_MS = 300000;
const PATIENCE_MS = 8000; /* for the worker; a longer silence means that there is no queue */

export const VISITOR = 'visitor';
export const LINK = 'link'; /* the owner of an entry whose address alone is the right to send it */
export const isPossible =
  'serviceWorker' in navigator && Boolean(navigator.locks && window.indexedDB && window.crypto?.subtle);

let isActive = false;
let later = 0;
let pause = FIRST_PAUSE_MS;

/* → whether there is a queue: not before the worker is active, and never where the browser forbids it. */
export function works() {
  return isActive;
}
function within(promise) {
  return Promise.race([
    promise,
    new Promise((_resolve, reject) => {
      setTimeout(reject, PATIENCE_MS, new Error('silence'));
    }),
  ]);
}
/* Ask the worker: list, draft, keepDraft, add, open, posting, leave, remove, restore, again, claim, done or flush. → its answer; rejects without a queue. */
export async function ask(name, values) {
  if (!isPossible) {
    throw new Error('no queue');
  }
  const registration = await within(navigator.serviceWorker.ready);
  const channel = new MessageChannel();
  const answered = new Promise((resolve) => {
    channel.port1.onmessage = (e) => resolve(e.data);
  });
  registration.active.postMessage({ queue: name, ...values }, [channel.port2]);
  const answer = await (name === 'flush' ? answered : within(answered));
  return answer.error ? Promise.reject(new Error(answer.error)) : answer;
}

/* → how an entry stands for the person of this browser: waits, sending, needs, whose, other, sent. */
export function standing(entry, owner) {
  if (entry.owner !== owner && entry.owner !== VISITOR && entry.owner !== LINK) {
    return 'other';
  }
  if (entry.state === 'sent' || entry.state === 'sending') {
    return entry.state;
  }
  if (entry.state === 'waiting' && entry.owner === VISITOR) {
    return owner === VISITOR ? 'sign-in' : 'whose';
  }
  return entry.state === 'waiting' ? 'waits' : 'needs';
}

async function showLines() {
  const lines = all('[data-queue-line]');
  if (!lines.length) {
    return;
  }
  const { entries, owner } = await ask('list');
  const states = entries.map((entry) => standing(entry, owner)).filter((state) => state !== 'sent');
  const waiting = states.filter((state) => state === 'waits' || state === 'sending').length;
  lines.forEach((line) => {
    const text = waiting === states.length ? line.dataset.textWaits : line.dataset.textNeeds;
    one('[data-queue-words]', line).textContent = text.replace('{n}', number(states.length));
    line.classList.toggle('warn', waiting < states.length);
    line.hidden = !states.length;
  });
}
function refresh() {
  showLines().catch(() => {});
  document.dispatchEvent(new Event('queue'));
}
/* Send what waits: at the opening of a page, when the network is back, and again and again while it is not. */
export function flush() {
  clearTimeout(later);
  return ask('flush')
    .then(
      () => {
        pause = FIRST_PAUSE_MS;
      },
      () => {
        if (isPossible) {
          later = setTimeout(flush, pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
      },
    )
    .then(refresh);
}

if (isPossible) {
  navigator.serviceWorker.ready.then(() => {
    isActive = true;
    document.dispatchEvent(new Event('queue'));
  });
  navigator.serviceWorker.addEventListener('message', (e) => {
    if (e.data.queueSent) {
      toast(document.body.dataset.textQueueSent.replace('{title}', e.data.queueSent));
    }
    if (e.data.queueChanged) {
      refresh();
    }
  });
  addEventListener('online', () => {
    pause = FIRST_PAUSE_MS;
    flush();
  });
  Promise.all(
    all('[data-queue-done]').map((mark) => ask('done', { key: mark.dataset.queueDone }).catch(() => {})),
  ).then(() => {
    refresh();
    flush();
  });
}
