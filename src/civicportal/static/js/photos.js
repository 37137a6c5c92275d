/* Pictures are made small in the browser (which also drops where and with what they were taken) and
   sent at once; the form then carries their keys.. Without a script the file field
   itself is sent with the form.

   <div data-photos data-upload-url data-limit data-name="photo_key" data-max-side="1600"
        data-text-picture data-text-remove data-text-size data-text-wait data-text-failed data-text-full
        data-text-again data-text-again-label data-text-unsent data-text-sent data-text-without data-text-waits>
     <div data-photo-list>
       <div data-photo><img><input type="hidden" name="photo_key"><button data-photo-remove> …
       <label class="photo-add"><input type="file" name="photo_key_files" multiple data-photo-input>
     <p role="status" data-photo-status>

   A picture that did not arrive stays, with a button that sends it again from memory; the form is held back once, so that
   nobody sends it without the picture unawares. What the server refuses for good goes. A script that takes a form from step to
   step comes before this one: what it has held back is not sent.

   In a form with data-queue a picture that did not arrive waits for the queue, which takes it with the form (event
   "queue-files", see queue-form.js), and is sent again when the network is back.

   Each tile that was sent says so by the event photo-kept with {key, url}, for a form that does more with it.

   POST data-upload-url: multipart, field "file", header X-CSRF-Token → {"key", "url"}; refused → {"message"}. */
import { all, csrf, each, icon, number, one, toast } from './page.js';
import { works } from './queue.js';

const QUALITY = 0.8;
const STILL_MS = 60000; /* without a sign from the network, until a picture counts as not sent */
const FOR_GOOD = [413, 422]; /* statuses of what no further try would change */

/* → Blob: the picture upright, its longer side at most `side` pixels; a file that this browser cannot read or make small stays as it is. */
function shrink(file, side) {
  return Promise.resolve()
    .then(() => createImageBitmap(file, { imageOrientation: 'from-image' }))
    .then((bitmap) => {
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(bitmap.width * scale);
      canvas.height = Math.round(bitmap.height * scale);
      canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      /* An old telephone has no room for a large canvas and gives null. */
      return new Promise((resolve, reject) => {
        canvas.toBlob(
          (blob) => {
            if (blob) {
              resolve(blob);
            } else {
              reject();
            }
          },
          'image/jpeg',
          QUALITY,
        );
      });
    })
    .catch(() => file);
}

/* → {key, url}; rejects with {message, refused}, refused where trying again is of no use, or with null where it was stopped. */
function upload(url, blob, progress, stopped) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const data = new FormData();
    let patience;
    function wait() {
      clearTimeout(patience);
      patience = setTimeout(() => {
        reject({ message: '' });
        request.abort();
      }, STILL_MS);
    }
    data.append('file', blob, 'photo.jpg');
    request.open('POST', url);
    request.responseType = 'json';
    request.setRequestHeader('X-CSRF-Token', csrf());
    request.upload.onprogress = (e) => {
      wait();
      progress.value = e.loaded / e.total;
    };
    request.onload = () => {
      const answer = request.response || {};
      if (request.status < 300 && answer.key) {
        resolve(answer);
        return;
      }
      reject({ message: answer.message || '', refused: FOR_GOOD.indexOf(request.status) >= 0 });
    };
    request.onerror = () => {
      reject({ message: '' });
    };
    request.onabort = () => {
      reject(null);
    };
    request.onloadend = () => {
      clearTimeout(patience);
    };
    stopped.addEventListener('abort', () => {
      request.abort();
    });
    wait();
    request.send(data);
  });
}

function setUp(root) {
  const texts = root.dataset;
  const list = one('[data-photo-list]', root);
  const add = one('.photo-add', root);
  const input = one('[data-photo-input]', root);
  const status = one('[data-photo-status]', root);
  const form = input.form;
  const limit = Number(texts.limit);
  let waiting = 0;
  const sending = new Map(); /* tile → what stops it */
  const blobs = new WeakMap(); /* tile → its picture */
  let unaware = false; /* a picture has failed since the form was held back */

  function say(text, isBad) {
    status.textContent = text;
    status.classList.toggle('err', Boolean(isBad));
  }
  function tiles() {
    return all('[data-photo]', list);
  }
  function changed() {
    tiles().forEach((tile, index) => {
      const at = number(index + 1);
      one('img', tile).alt = texts.textPicture.replace('{number}', at);
      one('[data-photo-remove]', tile).setAttribute('aria-label', texts.textRemove.replace('{number}', at));
      all('[data-photo-again]', tile).forEach((button) => {
        button.setAttribute('aria-label', texts.textAgainLabel.replace('{number}', at));
      });
    });
    add.hidden = tiles().length >= limit;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }
  function element(tag, className) {
    const made = document.createElement(tag);
    made.className = className;
    return made;
  }
  function newTile(url) {
    const tile = element('div', 'photo');
    const picture = document.createElement('img');
    const remove = element('button', 'x');
    tile.dataset.photo = '';
    picture.src = url;
    remove.type = 'button';
    remove.dataset.photoRemove = '';
    remove.append(icon('x'));
    tile.append(picture, remove);
    list.insertBefore(tile, add);
    return tile;
  }
  function keep(tile, answer) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = texts.name;
    field.value = answer.key;
    one('img', tile).dataset.kept = answer.url;
    tile.append(field);
  }
  function caption(tile, bytes) {
    const words = element('span', 'cap');
    words.textContent = texts.textSize.replace('{size}', number(Math.ceil(bytes / 1024)));
    tile.append(words);
  }
  function send(tile, blob) {
    blobs.set(tile, blob);
    const progress = element('progress', 'meter-x');
    const stop = new AbortController();
    waiting += 1;
    sending.set(tile, stop);
    progress.setAttribute('aria-label', texts.textWait);
    tile.append(progress);
    changed();
    return upload(texts.uploadUrl, blob, progress, stop.signal)
      .then(
        (answer) => {
          keep(tile, answer);
          caption(tile, blob.size);
          tile.dispatchEvent(new CustomEvent('photo-kept', { bubbles: true, detail: answer }));
          return true;
        },
        (failure) => {
          if (failure && !failure.refused) {
            offerAgain(tile, blob, failure.message);
            return;
          }
          drop(tile);
          if (failure) {
            say(failure.message || texts.textFailed, true);
          } else {
            say(failed() ? texts.textUnsent : '', failed());
          }
        },
      )
      .then((sent) => {
        waiting -= 1;
        sending.delete(tile);
        progress.remove();
        changed();
        return sent;
      });
  }
  function offerAgain(tile, blob, message) {
    const again = element('button', 'again');
    again.type = 'button';
    again.dataset.photoAgain = '';
    again.append(icon('refresh'), texts.textAgain);
    again.addEventListener('click', () => {
      tile.classList.remove('failed');
      one('[data-photo-remove]', tile).focus();
      again.remove();
      say(texts.textWait);
      send(tile, blob).then((sent) => {
        if (sent) {
          say(failed() ? texts.textUnsent : texts.textSent, failed());
        }
      });
    });
    const waits = works() && 'queue' in form.dataset;
    tile.classList.toggle('failed', !waits);
    tile.append(again);
    unaware = unaware || !waits;
    say(waits ? texts.textWaits : message || texts.textUnsent, !waits);
  }
  function drop(tile) {
    URL.revokeObjectURL(one('img', tile).src);
    tile.remove();
  }
  function failed() {
    return Boolean(one('.failed', list));
  }
  function take(file) {
    waiting += 1;
    return shrink(file, Number(texts.maxSide))
      .then((blob) => {
        waiting -= 1;
        return send(newTile(URL.createObjectURL(blob)), blob);
      })
      .then((sent) => {
        /* What was refused of several stays in sight when the next one succeeds. */
        if (sent && !status.classList.contains('err')) {
          say('');
        }
      });
  }

  input.addEventListener('change', () => {
    const files = Array.prototype.slice.call(input.files);
    /* Whatever is being sent has its tile already. */
    const room = limit - tiles().length - (waiting - sending.size);
    if (!files.length) {
      return;
    }
    input.value = '';
    say(files.length > room ? texts.textFull : '', files.length > room);
    files.slice(0, Math.max(0, room)).forEach(take);
  });
  list.addEventListener('click', (e) => {
    const remove = e.target.closest('[data-photo-remove]');
    if (!remove) {
      return;
    }
    const tile = remove.closest('[data-photo]');
    if (sending.has(tile)) {
      sending.get(tile).abort();
    }
    drop(tile);
    if (tile.classList.contains('failed') && !failed()) {
      say('');
    }
    changed();
    input.focus();
  });
  function bringBack(e) {
    const mine = e.detail.photos.filter((photo) => (photo.field || texts.name) === texts.name);
    mine.slice(0, limit - tiles().length).forEach((photo) => {
      if (photo.blob) {
        send(newTile(URL.createObjectURL(photo.blob)), photo.blob);
      } else {
        keep(newTile(photo.url), photo);
      }
    });
    changed();
  }
  form.addEventListener('draft-restored', bringBack);
  form.addEventListener('draft-photos', bringBack);
  form.addEventListener('queue-files', (e) => {
    tiles().forEach((tile) => {
      const value = one('input', tile)?.value;
      e.detail.push({ field: texts.name, value, files: input.name, blob: blobs.get(tile) });
    });
  });
  addEventListener('online', () => {
    all('[data-photo-again]', list).forEach((button) => {
      button.click();
    });
  });
  form.addEventListener('submit', (e) => {
    if (waiting && !e.defaultPrevented) {
      e.preventDefault();
      say(texts.textWait);
      if (status.getClientRects().length) {
        status.scrollIntoView({ block: 'center' });
      } else {
        toast(texts.textWait, 'clock');
      }
    } else if (unaware && failed() && !e.defaultPrevented) {
      e.preventDefault();
      unaware = false;
      toast(texts.textWithout, 'alert-triangle');
    }
  });
  changed();
}

each('[data-photos]', setUp);
