/* Registers the service worker, and asks it to store the newest own cases: <a data-keep href="…">, and the pages that open
   without a network: [data-keep-pages="PATH PATH"]. data-keep="all" on links that are all stored.
   On a kept page (body[data-kept], milliseconds since 1970) fills in since when: <time data-kept-time>. */
import { all, one } from './page.js';
import './queue.js';

const MOST = 5;
const place = one('[data-kept-time]');
const since = Number(document.body.dataset.kept);
const saving = navigator.connection?.saveData;

if (since && place) {
  place.textContent = new Date(since).toLocaleString(document.documentElement.lang, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  });
}
if ('serviceWorker' in navigator && !since) {
  keepPages();
}

function keepPages() {
  const first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.register('/sw.js');
  navigator.serviceWorker.ready.then((registration) => {
    const links = saving ? [] : all('a[data-keep=""]').slice(0, MOST).concat(all('a[data-keep=all]'));
    const paths = links.map((link) => link.getAttribute('href'));
    /* The very first page came before the worker did. */
    if (first) {
      paths.unshift(location.pathname);
    }
    const lasting = saving ? [] : (one('[data-keep-pages]')?.dataset.keepPages.split(' ') || []).filter(Boolean);
    registration.active.postMessage({ keep: paths, lasting, lang: document.documentElement.lang });
  });
}
