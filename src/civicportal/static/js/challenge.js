/* A challenge in a form: computed in the background while the person types; a form sent earlier goes as soon as it is done.

   <div data-challenge data-nonce data-bits data-parts data-seconds data-worker=URL [data-refused]>
     <input type="hidden" name="challenge_answer">
     <p data-challenge-waits>      for browsers without this script, or where it cannot compute
     <p data-challenge-status data-text-working data-text-sending data-text-done>
   With data-refused the form had been sent: it goes again by itself, unless something secret has to be typed. */
const SECRET = '[type=password], [data-secret], [autocomplete=one-time-code]';

for (const box of document.querySelectorAll('[data-challenge]')) {
  const form = box.closest('form');
  const answer = box.querySelector('[name=challenge_answer]');
  const waits = box.querySelector('[data-challenge-waits]');
  const status = box.querySelector('[data-challenge-status]');
  const texts = status.dataset;
  const goesAgain = 'refused' in box.dataset && !form.querySelector(SECRET);
  let isDone = false;
  let isWaiting = false;
  let submitter = null;

  function finish(numbers) {
    answer.value = numbers;
    isDone = true;
    if (isWaiting || goesAgain) {
      form.requestSubmit(submitter || undefined);
    } else {
      status.textContent = texts.textDone;
    }
  }
  function compute() {
    const worker = new Worker(box.dataset.worker);
    worker.onmessage = (event) => {
      worker.terminate();
      finish(event.data);
    };
    worker.onerror = justWait;
    worker.postMessage({
      nonce: box.dataset.nonce,
      bits: Number(box.dataset.bits),
      parts: Number(box.dataset.parts),
    });
  }
  function justWait() {
    setTimeout(() => {
      finish('');
    }, Number(box.dataset.seconds) * 1000);
  }

  /* Before others that look at the form: what has to wait is not sent yet. */
  window.addEventListener(
    'submit',
    (event) => {
      if (event.target !== form || isDone) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      isWaiting = true;
      submitter = event.submitter;
      status.textContent = texts.textSending;
    },
    true,
  );

  waits.hidden = true;
  status.textContent = goesAgain ? texts.textSending : texts.textWorking;
  try {
    compute();
  } catch {
    justWait();
  }
}
