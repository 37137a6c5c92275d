/* The service worker: caches the app shell, and the pages that allow it, for reading without a network. The pages
   are those of one person: another person's page, the sign-in and the sign-out delete them.

   The view of /sw.js sends SETTINGS before this file: version, ownerHeader, shell (addresses, the offline page first). */
const { version, ownerHeader: OWNER, shell: SHELL } = self.SETTINGS;
const CACHE = `shell-${version}`;
const PAGES = 'pages';
const MOST_PAGES = 30;
const OFFLINE = SHELL[0];
const FORGET = ['/login', '/logout', '/staff/login'];
/* One page after the other: a concurrent reader waits, and finds the former copy or the next one. */
let keeping = Promise.resolve();
/* How often everything was thrown away: what was asked for before the last time is not kept when it comes after it. */
let era = 0;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(SHELL))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const outdated = (names) => names.filter((name) => name.startsWith('shell-') && name !== CACHE);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(outdated(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const request = event.request;
  const path = new URL(request.url).pathname;
  if (request.mode === 'navigate') {
    event.respondWith(visit(event, request, path));
  } else if (request.method === 'GET' && isFile(path)) {
    event.respondWith(file(event, request));
  }
});

/* The page asks to keep what the person is likely to look for without a network. */
self.addEventListener('message', (event) => {
  const begun = era;
  event.waitUntil(
    Promise.all(
      (event.data.keep || []).map((path) =>
        fetch(path, { credentials: 'same-origin', redirect: 'error' })
          .then((answer) => keep(path, answer, begun))
          .catch(() => {}),
      ),
    ),
  );
});

async function visit(event, request, path) {
  const begun = era;
  try {
    const answer = await fetch(request);
    if (FORGET.includes(path)) {
      event.waitUntil(forget());
    } else if (request.method === 'GET') {
      event.waitUntil(keep(request.url, answer.clone(), begun));
    }
    return answer;
  } catch {
    if (request.method !== 'GET') {
      return stay();
    }
    await keeping;
    const kept = await (await caches.open(PAGES)).match(request.url, { ignoreVary: true });
    return kept ? marked(kept) : caches.match(OFFLINE);
  }
}

/* No other page can restore what was typed: the form's own page stays, and says that there is no
   network. */
async function stay() {
  const pages = await self.clients.matchAll({ type: 'window' });
  for (const page of pages) {
    page.postMessage({ unsent: true });
  }
  return new Response(null, { status: 204 });
}

async function forget() {
  era += 1;
  keeping = keeping.then(() => caches.delete(PAGES)).catch(() => {});
  await keeping;
}

async function keep(address, answer, begun) {
  const owner = answer.headers.get(OWNER);
  if (!owner || !answer.ok || answer.redirected) {
    return;
  }
  /* To its end, before the former copy goes: a network that breaks off in between leaves that one. */
  const whole = new Response(await answer.arrayBuffer(), { headers: answer.headers });
  keeping = keeping.then(() => begun === era && replace(address, owner, whole)).catch(() => {});
  await keeping;
}

async function replace(address, owner, whole) {
  const cache = await caches.open(PAGES);
  const keys = await cache.keys();
  for (const [place, key] of keys.entries()) {
    const kept = await cache.match(key, { ignoreVary: true });
    if (!kept || kept.headers.get(OWNER) !== owner || place <= keys.length - MOST_PAGES) {
      await cache.delete(key);
    }
  }
  await cache.delete(address, { ignoreVary: true });
  await cache.put(address, whole);
}

/* The page says of itself that it is an old one, and since when. */
async function marked(kept) {
  const words = await kept.text();
  const headers = new Headers(kept.headers);
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  const since = Date.parse(headers.get('Date')) || '';
  return new Response(words.replace(/<body\b/, `<body data-kept="${since}"`), { headers });
}

/* Files whose address changes with what they hold. */
function isFile(path) {
  return path.startsWith('/static/') || path === '/theme.css';
}

async function file(event, request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) {
    return kept;
  }
  const answer = await fetch(request);
  if (answer.ok) {
    const copy = answer.clone();
    event.waitUntil(caches.open(CACHE).then((cache) => cache.put(request, copy)));
  }
  return answer;
}
