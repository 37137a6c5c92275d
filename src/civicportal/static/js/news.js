/* New cases in the kartable: a bar shows their number, the rows stay where they are until it is pressed.
   <a data-news="/kartable/news?since=…" hidden><span data-news-text>

   It asks once a minute while the page is in sight, and at once when it comes into sight again; not when nobody has touched
   the page for a quarter of an hour: a session that is left alone is to end. */
import { one } from './page.js';

const EVERY = 60000;
const LEFT_ALONE = 15 * EVERY;

function watchNews(bar) {
  let touched = Date.now();
  ['pointerdown', 'keydown', 'scroll'].forEach((name) => {
    addEventListener(
      name,
      () => {
        touched = Date.now();
      },
      { passive: true },
    );
  });

  function show(news) {
    if (!news.count) {
      return;
    }
    one('[data-news-text]', bar).textContent = news.text;
    bar.hidden = false;
  }
  function ask() {
    if (document.hidden || Date.now() - touched > LEFT_ALONE) {
      return;
    }
    fetch(bar.dataset.news, { headers: { Accept: 'application/json' }, redirect: 'error' })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then(show)
      .catch(() => {
        /* The next minute asks again. */
      });
  }
  setInterval(ask, EVERY);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      touched = Date.now();
      ask();
    }
  });
}

const newsBar = one('[data-news]');
if (newsBar) {
  watchNews(newsBar);
}
