/* What the other scripts are made with.

   one(SELECTOR, within), all(SELECTOR, within)   the first element, or an array of all of them
   on(SELECTOR, EVENT, listener)                  listener(element, event), for what comes later too
   each(SELECTOR, setUp), begin(PART)             sets up what is on the page, and what came later with a part of one
   number(VALUE), digits(TEXT), written(TEXT)     a number in the page's language; Latin digits; digits of the page's language
   key(TEXT)                                      the same for two ways of writing a word
   token(NAME), onTheme(listener)                 the value of a custom property; called when the theme has changed
   csrf(), piece(URL, options)                    the token of a form; a piece of a page as HTML
   locate(DECIMALS)                               a promise of this device's position, "latitude,longitude"
   icon(NAME), toast(TEXT, ICON)                  an element; a message that goes by itself

   A script of a plugin finds the same names in window.civicportal, which portal.js sets. */

if (!document.documentElement.classList.contains('js')) {
  throw new Error('This browser is too old for the scripts: it shows the pages that work without them.');
}
const POSITION_MS = 10000;
const root = document.documentElement;
const body = document.body;

export function one(selector, within) {
  return (within || document).querySelector(selector);
}
export function all(selector, within) {
  return Array.prototype.slice.call((within || document).querySelectorAll(selector));
}
export function on(selector, event, listener) {
  document.addEventListener(event, (e) => {
    const found = e.target.closest?.(selector);
    if (found) {
      listener(found, e);
    }
  });
}
const beginners = [];
export function each(selector, setUp) {
  beginners.push([selector, setUp]);
  all(selector).forEach(setUp);
}
export function begin(part) {
  beginners.forEach((pair) => {
    all(pair[0], part).forEach(pair[1]);
  });
}
export function number(value) {
  return Number(value).toLocaleString(root.lang);
}
export function token(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}
export function csrf() {
  return one('input[name=csrf_token]').value;
}
/* → a fragment of a page, as HTML. A late request is redirected to the sign-in or refused: a whole page is never a fragment. */
export function piece(url, options) {
  const headers = Object.assign({ 'X-Requested-With': 'XMLHttpRequest' }, options?.headers);
  return fetch(url, Object.assign({}, options, { headers: headers })).then((answer) =>
    answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer.status),
  );
}
/* → a promise of the position of this device, rounded; rejects where the browser does not give it. */
export function locate(decimals) {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject();
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve([coords.latitude, coords.longitude].map((part) => part.toFixed(decimals)).join(',')),
      reject,
      { enableHighAccuracy: true, timeout: POSITION_MS },
    );
  });
}
export function digits(text) {
  return String(text)
    .replace(/[۰-۹]/g, (d) => d.charCodeAt(0) - 0x6f0)
    .replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 0x660);
}
/* Typed text for display: in the digits of the page's language. A word with Latin letters, such as the address of a page,
   would be another one. */
export function written(text) {
  return String(text).replace(/\S+/g, (word) => (/[a-z]/i.test(word) ? word : digits(word).replace(/\d/g, number)));
}
/* Two ways of writing one word are one word. */
export function key(text) {
  return digits(text)
    .replace(/\u064a/g, '\u06cc')
    .replace(/\u0643/g, '\u06a9')
    .replace(/[\u200c\s]+/g, ' ')
    .trim()
    .toLocaleLowerCase();
}
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${body.dataset.icons}#${name}`);
  svg.appendChild(use);
  return svg;
}
export function toast(text, name) {
  const place = one('[data-toasts]');
  if (!place) {
    return;
  }
  const box = document.createElement('div');
  const words = document.createElement('span');
  box.className = 'toast-x';
  words.className = 'grow';
  words.textContent = text;
  box.append(icon(name || 'circle-check'), words);
  place.append(box);
  setTimeout(() => {
    box.remove();
  }, 5000);
}

const themeListeners = [];
export function onTheme(listener) {
  themeListeners.push(listener);
}
export function themeChanged() {
  themeListeners.forEach((listener) => {
    listener();
  });
}
