/* Pictures are made small in the browser (which also drops where and with what they were taken) and
   sent at once; the form then carries their keys. Needs portal.js. Without a script the file field
   itself is sent with the form.

   <div data-photos data-upload-url data-limit data-name="photo_key" data-max-side="1600"
        data-text-picture data-text-remove data-text-size data-text-wait data-text-failed data-text-full
        data-text-again data-text-again-label data-text-unsent data-text-sent data-text-without>
     <div data-photo-list>
       <div data-photo><img><input type="hidden" name="photo_key"><button data-photo-remove> …
       <label class="photo-add"><input type="file" name="photo_key_files" multiple data-photo-input>
     <p role="status" data-photo-status>

   A picture that did not arrive stays, with a button that sends it again from memory; the form is held back once, so that
   nobody sends it without the picture unawares. What the server refuses for good goes. A script that takes a form from step to
   step comes before this one: what it has held back is not sent.

   Each tile that was sent says so by the event photo-kept with {key, url}, for a form that does more with it.

   POST data-upload-url: multipart, field "file", header X-CSRF-Token → {"key", "url"}; refused → {"message"}. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var QUALITY = 0.8;
  var STILL_MS = 60000; /* without a sign from the network, until a picture counts as not sent */
  var FOR_GOOD = [413, 422]; /* statuses of what no further try would change */

  /* → Blob: the picture upright, its longer side at most `side` pixels; a file that this browser cannot read or make small stays as it is. */
  function shrink(file, side) {
    return Promise.resolve().then(function () {
      return createImageBitmap(file, { imageOrientation: 'from-image' });
    }).then(function (bitmap) {
      var scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      var canvas = document.createElement('canvas');
      canvas.width = Math.round(bitmap.width * scale);
      canvas.height = Math.round(bitmap.height * scale);
      canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      /* An old telephone has no room for a large canvas and gives null. */
      return new Promise(function (resolve, reject) {
        canvas.toBlob(function (blob) { if (blob) { resolve(blob); } else { reject(); } }, 'image/jpeg', QUALITY);
      });
    }).catch(function () { return file; });
  }

  /* → {key, url}; rejects with {message, refused}, refused where trying again is of no use, or with null where it was stopped. */
  function upload(url, blob, progress, stopped) {
    return new Promise(function (resolve, reject) {
      var request = new XMLHttpRequest();
      var data = new FormData();
      var patience;
      function wait() {
        clearTimeout(patience);
        patience = setTimeout(function () {
          reject({ message: '' });
          request.abort();
        }, STILL_MS);
      }
      data.append('file', blob, 'photo.jpg');
      request.open('POST', url);
      request.responseType = 'json';
      request.setRequestHeader('X-CSRF-Token', cp.csrf());
      request.upload.onprogress = function (e) {
        wait();
        progress.value = e.loaded / e.total;
      };
      request.onload = function () {
        var answer = request.response || {};
        if (request.status < 300 && answer.key) { resolve(answer); return; }
        reject({ message: answer.message || '', refused: FOR_GOOD.indexOf(request.status) >= 0 });
      };
      request.onerror = function () { reject({ message: '' }); };
      request.onabort = function () { reject(null); };
      request.onloadend = function () { clearTimeout(patience); };
      stopped.addEventListener('abort', function () { request.abort(); });
      wait();
      request.send(data);
    });
  }

  function setUp(root) {
    var texts = root.dataset;
    var list = cp.one('[data-photo-list]', root);
    var add = cp.one('.photo-add', root);
    var input = cp.one('[data-photo-input]', root);
    var status = cp.one('[data-photo-status]', root);
    var form = input.form;
    var limit = Number(texts.limit);
    var waiting = 0;
    var sending = new Map(); /* tile → what stops it */
    var unaware = false; /* a picture has failed since the form was held back */

    function say(text, isBad) {
      status.textContent = text;
      status.classList.toggle('err', Boolean(isBad));
    }
    function tiles() { return cp.all('[data-photo]', list); }
    function changed() {
      tiles().forEach(function (tile, index) {
        var number = cp.number(index + 1);
        cp.one('img', tile).alt = texts.textPicture.replace('{number}', number);
        cp.one('[data-photo-remove]', tile).setAttribute('aria-label', texts.textRemove.replace('{number}', number));
        cp.all('[data-photo-again]', tile).forEach(function (button) {
          button.setAttribute('aria-label', texts.textAgainLabel.replace('{number}', number));
        });
      });
      add.hidden = tiles().length >= limit;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    }
    function element(tag, className) {
      var made = document.createElement(tag);
      made.className = className;
      return made;
    }
    function newTile(url) {
      var tile = element('div', 'photo');
      var picture = document.createElement('img');
      var remove = element('button', 'x');
      tile.dataset.photo = '';
      picture.src = url;
      remove.type = 'button';
      remove.dataset.photoRemove = '';
      remove.append(cp.icon('x'));
      tile.append(picture, remove);
      list.insertBefore(tile, add);
      return tile;
    }
    function keep(tile, answer) {
      var field = document.createElement('input');
      field.type = 'hidden';
      field.name = texts.name;
      field.value = answer.key;
      cp.one('img', tile).dataset.kept = answer.url;
      tile.append(field);
    }
    function caption(tile, bytes) {
      var words = element('span', 'cap');
      words.textContent = texts.textSize.replace('{size}', cp.number(Math.ceil(bytes / 1024)));
      tile.append(words);
    }
    function send(tile, blob) {
      var progress = element('progress', 'meter-x');
      var stop = new AbortController();
      waiting += 1;
      sending.set(tile, stop);
      progress.setAttribute('aria-label', texts.textWait);
      tile.append(progress);
      changed();
      return upload(texts.uploadUrl, blob, progress, stop.signal).then(function (answer) {
        keep(tile, answer);
        caption(tile, blob.size);
        tile.dispatchEvent(new CustomEvent('photo-kept', { bubbles: true, detail: answer }));
        return true;
      }, function (failure) {
        if (failure && !failure.refused) { offerAgain(tile, blob, failure.message); return; }
        drop(tile);
        if (failure) { say(failure.message || texts.textFailed, true); } else { say(failed() ? texts.textUnsent : '', failed()); }
      }).then(function (sent) {
        waiting -= 1;
        sending.delete(tile);
        progress.remove();
        changed();
        return sent;
      });
    }
    function offerAgain(tile, blob, message) {
      var again = element('button', 'again');
      again.type = 'button';
      again.dataset.photoAgain = '';
      again.append(cp.icon('refresh'), texts.textAgain);
      again.addEventListener('click', function () {
        tile.classList.remove('failed');
        cp.one('[data-photo-remove]', tile).focus();
        again.remove();
        say(texts.textWait);
        send(tile, blob).then(function (sent) { if (sent) { say(failed() ? texts.textUnsent : texts.textSent, failed()); } });
      });
      tile.classList.add('failed');
      tile.append(again);
      unaware = true;
      say(message || texts.textUnsent, true);
    }
    function drop(tile) {
      URL.revokeObjectURL(cp.one('img', tile).src);
      tile.remove();
    }
    function failed() { return Boolean(cp.one('.failed', list)); }
    function take(file) {
      waiting += 1;
      return shrink(file, Number(texts.maxSide)).then(function (blob) {
        waiting -= 1;
        return send(newTile(URL.createObjectURL(blob)), blob);
      }).then(function (sent) {
        /* What was refused of several stays in sight when the next one succeeds. */
        if (sent && !status.classList.contains('err')) { say(''); }
      });
    }

    input.addEventListener('change', function () {
      var files = Array.prototype.slice.call(input.files);
      /* Whatever is being sent has its tile already. */
      var room = limit - tiles().length - (waiting - sending.size);
      if (!files.length) { return; }
      input.value = '';
      say(files.length > room ? texts.textFull : '', files.length > room);
      files.slice(0, Math.max(0, room)).forEach(take);
    });
    list.addEventListener('click', function (e) {
      var remove = e.target.closest('[data-photo-remove]');
      if (!remove) { return; }
      var tile = remove.closest('[data-photo]');
      if (sending.has(tile)) { sending.get(tile).abort(); }
      drop(tile);
      if (tile.classList.contains('failed') && !failed()) { say(''); }
      changed();
      input.focus();
    });
    form.addEventListener('draft-restored', function (e) {
      e.detail.photos.slice(0, limit - tiles().length).forEach(function (photo) { keep(newTile(photo.url), photo); });
      changed();
    });
    form.addEventListener('submit', function (e) {
      if (waiting && !e.defaultPrevented) {
        e.preventDefault();
        say(texts.textWait);
        if (status.getClientRects().length) { status.scrollIntoView({ block: 'center' }); } else { cp.toast(texts.textWait, 'clock'); }
      } else if (unaware && failed() && !e.defaultPrevented) {
        e.preventDefault();
        unaware = false;
        cp.toast(texts.textWithout, 'alert-triangle');
      }
    });
    changed();
  }

  cp.each('[data-photos]', setUp);
})();
