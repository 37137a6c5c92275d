/* The queue of forms that were sent without a network: a part of the service worker, which alone writes it.

   An entry: key (22 characters, the idempotency key), owner (whose it is, VISITOR before a sign-in, LINK of a form whose
   address alone is the right to send it), action (where it is
   sent), page (where it is edited), title, lines (what is shown of it), fields [[name, value]], files [{name, blob}],
   at (when it was written, by this device), and state:
     waiting   is sent when there is a network and its owner is signed in
     sending   an attempt was begun; one that has no end counts as waiting
     editing   is open in its form: not sent until it is sent or left there
     refused   message, errors [{id, label, message, carried}]: needs its person; carried [[name, value]] are the fields
               with which a warning that was read is accepted, sent when the person wants it sent as it is
     sent      location; without what was written, unless it was changed after an attempt whose answer was lost (changed)
   An entry leaves the queue only after the server has answered with the page of what was opened.

   Pages ask by messages {queue: NAME, …} with a port for the answer, see queue.js. The time is never sent. */
self.formQueue = (() => {
  const { session: SESSION, visitor: VISITOR } = self.SETTINGS;
  const LINK = 'link';
  const STORE = 'forms';
  const META = 'meta';
  const DRAFTS = 'drafts'; /* name of a draft → pictures that were not sent yet, [{field, blob}] */
  const SYNC = 'queue';
  const PATIENCE_MS = 180000; /* for the answer to one form with its pictures */
  const MOST_TRIES = 3; /* without a message of the server that helps */
  const SENT_DAYS = 7;
  const DAY_MS = 86400000;
  const QUIET = ['list', 'draft', 'keepDraft']; /* what changes nothing in the queue */
  let opened = null;

  function database() {
    opened =
      opened ||
      self.idb.openDB('queue', 2, {
        upgrade(db, version) {
          if (version < 1) {
            db.createObjectStore(STORE, { keyPath: 'key' });
            db.createObjectStore(META);
          }
          db.createObjectStore(DRAFTS);
        },
        blocking() {
          opened?.then((db) => db.close());
          opened = null;
        },
        terminated() {
          opened = null;
        },
      });
    return opened.catch((error) => {
      opened = null;
      throw error;
    });
  }
  /* Read and write in one transaction that has reached the disk: change() gets the entry and returns what replaces it,
     null to delete it, undefined to leave it. → the entry afterwards. */
  async function change(key, changed) {
    const transaction = (await database()).transaction(STORE, 'readwrite', { durability: 'strict' });
    const entry = await transaction.store.get(key);
    const next = changed(entry);
    if (next === null) {
      transaction.store.delete(key);
    } else if (next) {
      transaction.store.put(next);
    }
    await transaction.done;
    return next === undefined ? entry : next;
  }
  async function entries() {
    return (await (await database()).getAll(STORE)).sort((one, other) => one.at - other.at);
  }
  async function owner() {
    return (await (await database()).get(META, 'owner')) || VISITOR;
  }
  async function setOwner(name) {
    const db = await database();
    if ((await db.get(META, 'owner')) !== name) {
      await db.put(META, name, 'owner');
    }
  }
  /* One at a time works on an entry: the worker that sends it, or a page that opens or deletes it. → null while another does. */
  function alone(key, work) {
    return navigator.locks.request(`queue:${key}`, { ifAvailable: true }, (lock) => lock && work());
  }

  /* ---------- what pages ask ---------- */
  const answers = {
    async list() {
      return { entries: await entries(), owner: await owner() };
    },
    /* Add an entry, or replace it after it was edited, or while it is. → {entry} as it stands in the queue. */
    async add({ entry, editing }) {
      const kept = await change(entry.key, (before) => {
        if (before?.state === 'sent') {
          return undefined;
        }
        const changed = Boolean(before?.unsure);
        const unsure = changed || Boolean(entry.unsure);
        return { ...entry, state: editing ? 'editing' : 'waiting', unsure, changed, at: before?.at || Date.now() };
      });
      if (!editing) {
        register();
      }
      return { entry: kept };
    },
    /* → {entry} for its form, or {} without one. */
    async open({ key }) {
      const entry = await alone(key, () =>
        change(key, (before) =>
          before && before.state !== 'sent'
            ? { ...before, state: 'editing', unsure: before.unsure || before.state === 'sending' }
            : undefined,
        ),
      );
      return entry === null ? { busy: true } : { entry };
    },
    /* Its form is sent by the page itself. */
    async posting({ key }) {
      await change(key, (before) => (before && before.state !== 'sent' ? { ...before, unsure: true } : undefined));
      return {};
    },
    /* It was left as it is. */
    async leave({ key }) {
      await change(key, (before) =>
        before?.state === 'editing' ? { ...before, state: before.message ? 'refused' : 'waiting' } : undefined,
      );
      return {};
    },
    async remove({ key }) {
      const done = await alone(key, async () => {
        await change(key, () => null);
        return true;
      });
      return done ? {} : { busy: true };
    },
    /* A person wants it sent as it is. */
    async again({ key }) {
      await change(key, (before) =>
        before && before.state !== 'sent'
          ? { ...before, state: 'waiting', message: '', errors: [], carried: carriedBy(before), after: 0 }
          : undefined,
      );
      register();
      return {};
    },
    /* It was thrown away by mistake. */
    async restore({ entry }) {
      await change(entry.key, (before) => (before ? undefined : entry));
      register();
      return {};
    },
    /* A person says that what was written before the sign-in is theirs. */
    async claim({ key, owner: person }) {
      await change(key, (before) =>
        before?.owner === VISITOR && before.state !== 'sent'
          ? { ...before, owner: person, state: 'waiting' }
          : undefined,
      );
      return {};
    },
    /* The server's page says that it has the form. */
    async done({ key }) {
      await change(key, (before) => (before && before.state !== 'sent' ? null : undefined));
      return {};
    },
    /* Keep the pictures of a draft that were not sent yet; none deletes them. */
    async keepDraft({ name, files }) {
      const db = await database();
      await (files.length ? db.put(DRAFTS, files, name) : db.delete(DRAFTS, name));
      return {};
    },
    async draft({ name }) {
      return { files: (await (await database()).get(DRAFTS, name)) || [] };
    },
    async flush() {
      await flush();
      return { owner: await owner() };
    },
  };
  async function answer(event) {
    const port = event.ports[0];
    try {
      port.postMessage(await answers[event.data.queue](event.data));
    } catch (error) {
      port.postMessage({ error: error.name || 'Error' });
    }
    if (QUIET.indexOf(event.data.queue) < 0) {
      await tell();
    }
  }
  async function tell(news) {
    for (const page of await self.clients.matchAll({ type: 'window' })) {
      page.postMessage({ queueChanged: true, ...news });
    }
  }
  /* Where there is no Background Sync, the next page that is opened sends. */
  function register() {
    self.registration.sync?.register(SYNC).catch(() => {});
  }

  /* ---------- sending ---------- */
  /* Send what waits, one after the other; rejects when the network is still missing. */
  function flush() {
    return navigator.locks.request('queue', async () => {
      await drop((entry) => entry.state === 'sent' && entry.sentAt < Date.now() - SENT_DAYS * DAY_MS);
      const due = (await entries()).filter(isDue);
      if (!due.length) {
        return;
      }
      const session = await ask(due.some((entry) => entry.owner === LINK));
      await setOwner(session.owner);
      for (const entry of due) {
        if (entry.owner === LINK || (entry.owner === session.owner && session.owner !== VISITOR)) {
          await alone(entry.key, () => send(entry.key, session));
        }
      }
    });
  }
  function isDue(entry) {
    return entry.state === 'sending' || (entry.state === 'waiting' && !(entry.after > Date.now()));
  }
  /* A visitor gets a session by it only if there is something to send without a sign-in: its cookie would replace that of
     a form which the visitor opens meanwhile. */
  async function ask(mayBegin) {
    const headers = mayBegin ? {} : { 'X-Without-Cookie': 'true' };
    const answered = await fetch(SESSION, { credentials: 'same-origin', cache: 'no-store', headers });
    return answered.ok ? answered.json() : Promise.reject(new Error('no session'));
  }
  async function send(key, session) {
    const entry = await change(key, (before) =>
      before && isDue(before)
        ? { ...before, state: 'sending', unsure: before.unsure || before.state === 'sending', message: '', errors: [] }
        : undefined,
    );
    if (entry?.state !== 'sending') {
      return;
    }
    await tell();
    const result = await attempt(entry, session);
    await change(key, (before) => before && outcome(before, result));
    await tell(result.state === 'sent' ? { queueSent: entry.title } : {});
    if (result.again) {
      throw new Error('no network');
    }
  }
  function outcome(entry, { again, repeated, ...result }) {
    const { key, owner: person, title, at } = entry;
    /* What was changed after an attempt that had arrived stays readable: the server has not got it. */
    const whole = result.state !== 'sent' || (repeated && entry.changed);
    return whole ? { ...entry, ...result } : { key, owner: person, title, at, ...result };
  }
  /* → what an attempt changes in its entry; again: worth trying again soon. */
  async function attempt(entry, session) {
    let answered;
    let told;
    try {
      answered = await fetch(entry.action, {
        method: 'POST',
        body: body(entry),
        credentials: 'same-origin',
        headers: {
          Accept: 'application/json',
          'X-Requested-With': 'XMLHttpRequest',
          'X-CSRF-Token': session.token,
        },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      told = await answered.json();
    } catch {
      return { state: 'waiting', unsure: true, again: true };
    }
    if (answered.ok && told.location) {
      return { state: 'sent', location: told.location, sentAt: Date.now(), repeated: told.repeated };
    }
    return refusal(entry, answered, told);
  }
  function refusal(entry, answered, told) {
    const message = told.message || '';
    const tries = (entry.tries || 0) + 1;
    if (answered.status >= 500) {
      return { state: 'waiting', unsure: true, again: true };
    }
    if (answered.status === 429) {
      return {
        state: 'waiting',
        message,
        after: Date.now() + Number(answered.headers.get('Retry-After') || 60) * 1000,
      };
    }
    /* The session has changed in between: the next attempt asks for it again. */
    if ([400, 401, 403].includes(answered.status) && tries < MOST_TRIES) {
      return { state: 'waiting', tries };
    }
    return { state: 'refused', message, errors: told.errors || [], tries: 0 };
  }
  function carriedBy(entry) {
    return (entry.errors || []).flatMap((error) => error.carried || []);
  }
  function body(entry) {
    const form = new FormData();
    for (const [name, value] of entry.fields) {
      form.append(name, value);
    }
    form.append('queue_key', entry.key);
    for (const [name, value] of entry.carried || []) {
      form.append(name, value);
    }
    for (const { name, blob } of entry.files) {
      form.append(name, blob, 'photo.jpg');
    }
    return form;
  }
  async function drop(which) {
    for (const entry of await entries()) {
      if (which(entry)) {
        await change(entry.key, () => null);
      }
    }
  }
  /* At a sign-in and a sign-out: what has not been sent waits for its owner. */
  async function forget() {
    await setOwner(VISITOR);
    await drop((entry) => entry.state === 'sent' && !entry.changed);
  }

  return { SYNC, answer, flush, forget, setOwner };
})();
