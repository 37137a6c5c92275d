/* Progress of a long job: polls every two seconds and reloads the page when it is over.
   <div data-progress-url="…"><progress data-progress-bar><p data-progress-text>                                      */
import { one } from './page.js';

function watch(box) {
  const bar = one('[data-progress-bar]', box);
  const words = one('[data-progress-text]', box);
  function show(state) {
    if (!state.running) {
      location.reload();
      return;
    }
    bar.value = state.percent;
    if (words.textContent !== state.text) {
      words.textContent = state.text;
    }
    wait();
  }
  function ask() {
    fetch(box.dataset.progressUrl, { headers: { Accept: 'application/json' } })
      .then((answer) => {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        return answer.json();
      })
      .then(show)
      .catch(wait);
  }
  function wait() {
    setTimeout(ask, document.hidden ? 10000 : 2000);
  }
  wait();
}

const progressBox = one('[data-progress-url]');
if (progressBox) {
  watch(progressBox);
}
