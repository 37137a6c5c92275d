/* How far something long is: asks every two seconds and loads the page anew when it is over.
   <div data-progress-url="…"><progress data-progress-bar><p data-progress-text>                                      */
(function () {
  'use strict';
  var box = document.querySelector('[data-progress-url]');
  if (!box) { return; }
  var bar = box.querySelector('[data-progress-bar]'), words = box.querySelector('[data-progress-text]');
  function show(state) {
    if (!state.running) { location.reload(); return; }
    bar.value = state.percent;
    if (words.textContent !== state.text) { words.textContent = state.text; }
    wait();
  }
  function ask() {
    fetch(box.dataset.progressUrl, { headers: { Accept: 'application/json' } })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.json();
      })
      .then(show)
      .catch(wait);
  }
  function wait() { setTimeout(ask, document.hidden ? 10000 : 2000); }
  wait();
}());
