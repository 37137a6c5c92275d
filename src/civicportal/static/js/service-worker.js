/* The service worker: caches the app shell, and the pages that allow it, for reading without a network. The pages
   are those of one person: another person's page, the sign-in and the sign-out delete them.

   The view of /sw.js sends SETTINGS and queue-worker.js before this file: version, ownerHeader, pages (addresses, the
   offline page first), files. */
const { version, ownerHeader: OWNER, pages: SHELL_PAGES, files: SHELL_FILES } = self.SETTINGS;
const queue = self.formQueue;
const CACHE = `shell-${version}`;
const PAGES = 'pages';
const MOST_PAGES = 30;
const OFFLINE = SHELL_PAGES[0];
const FORGET = ['/login', '/logout', '/staff/login'];
const MAP = '/map.geojson';
const GONE = 404;
const LASTING_MS = 43200000; /* a page that is not among those of the person's own cases is not asked for more often */
/* A parameter of the page that opens an entry of the queue, which is the same page as without it. */
const ENTRY = 'entry';
/* Files that a page needs, in its text and in those of its scripts and styles. */
const PAGE_FILES = /(?:src|href|data-geojson)="(\/(?:static\/[^"#]+|theme\.css[^"#]*|map\.geojson[^"#]*))/g;
const SCRIPT_FILES = /(?:from|import)\s*\(?'(\.{1,2}\/[^']+)'/g;
/* One page after the other: a concurrent reader waits, and finds the former copy or the next one. */
let keeping = Promise.resolve();
/* How often everything was thrown away: what was asked for before the last time is not kept when it comes after it. */
let era = 0;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([...SHELL_PAGES, ...SHELL_FILES]))
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
  } else if (request.method === 'GET' && path === MAP) {
    event.respondWith(map(event, request));
  }
});

/* The page asks to keep what the person is likely to look for without a network, or for the queue. */
self.addEventListener('message', (event) => {
  if (event.data.queue) {
    event.waitUntil(queue.answer(event));
    return;
  }
  event.waitUntil(keepAll(event.data.keep || [], event.data.lasting || []));
  event.waitUntil(speak(event.data.lang).catch(() => {}));
});

/* The pages that are the same for everyone are those of the language that was chosen last. */
async function speak(lang) {
  const kept = await (await caches.match(OFFLINE))?.text();
  if (lang && kept && !kept.includes(`<html lang="${lang}"`)) {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL_PAGES.map((path) => new Request(path, { cache: 'reload' })));
  }
}

async function keepAll(paths, lasting) {
  const begun = era;
  const missing = await Promise.all(lasting.map(isMissing));
  const wanted = [...paths, ...lasting.filter((_path, place) => missing[place])];
  await Promise.all(
    wanted.map((path) =>
      fetch(path, { credentials: 'same-origin', redirect: 'error', headers: { 'X-Without-Cookie': 'true' } })
        .then((answer) => keep(path, answer, begun))
        .catch(() => {}),
    ),
  );
}
async function isMissing(path) {
  const kept = await (await caches.open(PAGES)).match(path, { ignoreVary: true });
  return !kept || Date.now() - Date.parse(kept.headers.get('Date')) > LASTING_MS;
}

self.addEventListener('sync', (event) => {
  if (event.tag === queue.SYNC) {
    event.waitUntil(queue.flush());
  }
});

async function visit(event, request, path) {
  const begun = era;
  try {
    const answer = await fetch(request);
    if (FORGET.includes(path)) {
      event.waitUntil(forget());
    } else if (request.method === 'GET') {
      event.waitUntil(
        answer.status === GONE ? drop(request.url) : keep(request.url, answer.clone(), begun).catch(() => {}),
      );
    }
    return answer;
  } catch {
    if (request.method !== 'GET') {
      return stay();
    }
    await keeping;
    const kept = await (await caches.open(PAGES)).match(address(request.url), { ignoreVary: true });
    return kept ? marked(kept) : (await caches.match(address(request.url))) || caches.match(OFFLINE);
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
  await queue.forget().catch(() => {});
}

/* A page that is gone, such as that of a link that has ended, is not shown without a network either. */
async function drop(url) {
  keeping = keeping
    .then(async () => (await caches.open(PAGES)).delete(address(url), { ignoreVary: true }))
    .catch(() => {});
  await keeping;
}

function address(url) {
  const full = new URL(url, self.location.href);
  full.searchParams.delete(ENTRY);
  return full.href;
}

async function keep(url, answer, begun) {
  const owner = answer.headers.get(OWNER);
  if (!owner || !answer.ok || answer.redirected) {
    return;
  }
  /* To its end, before the former copy goes: a network that breaks off in between leaves that one. */
  const whole = new Response(await answer.arrayBuffer(), { headers: answer.headers });
  /* A page without its scripts is worth less than the former copy. */
  await keepFiles(await whole.clone().text(), PAGE_FILES, self.location.href);
  keeping = keeping.then(() => begun === era && replace(address(url), owner, whole)).catch(() => {});
  await keeping;
}

/* Keep the files that a page names, so that it opens whole although it was never seen; rejects without a network. */
async function keepFiles(text, pattern, base) {
  const urls = Array.from(text.matchAll(pattern), (found) => new URL(found[1].replaceAll('&amp;', '&'), base).href);
  for (const url of new Set(urls)) {
    if (await caches.match(url, { ignoreVary: true })) {
      continue;
    }
    const answer = await fetch(url, { credentials: 'same-origin' });
    if (answer.ok) {
      await (await caches.open(CACHE)).put(url, answer.clone());
      await (/\.js$/.test(url) ? keepFiles(await answer.text(), SCRIPT_FILES, url) : undefined);
    }
  }
}

async function replace(url, owner, whole) {
  await queue.setOwner(owner).catch(() => {});
  const cache = await caches.open(PAGES);
  const keys = await cache.keys();
  for (const [place, key] of keys.entries()) {
    const kept = await cache.match(key, { ignoreVary: true });
    if (!kept || kept.headers.get(OWNER) !== owner || place <= keys.length - MOST_PAGES) {
      await cache.delete(key);
    }
  }
  await cache.delete(url, { ignoreVary: true });
  await cache.put(url, whole);
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

/* The map of the city keeps its address when it changes. */
async function map(event, request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) {
      const copy = answer.clone();
      event.waitUntil(caches.open(CACHE).then((cache) => cache.put(request, copy)));
    }
    return answer;
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    return kept || Promise.reject(error);
  }
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
