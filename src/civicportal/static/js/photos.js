/* Pictures are made small in the browser (which also drops where and with what they were taken) and
   sent at once; the form then carries their keys. Needs portal.js. Without a script the file field
   itself is sent with the form.

   <div data-photos data-upload-url data-limit data-name="photo_key" data-max-side="1600"
        data-text-picture data-text-remove data-text-size data-text-wait data-text-failed data-text-full>
     <div data-photo-list>
       <div data-photo><img><input type="hidden" name="photo_key"><button data-photo-remove> …
       <label class="photo-add"><input type="file" name="photo_key_files" multiple data-photo-input>
     <p role="status" data-photo-status>

   Each tile that was sent says so by the event photo-kept with {key, url}, for a form that does more with it.

   POST data-upload-url: multipart, field "file", header X-CSRF-Token → {"key", "url"}; refused → {"message"}. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var QUALITY = 0.8;
  var STILL_MS = 60000; /* without a sign from the network, until a picture counts as not sent */

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

  /* → {key, url}; rejects with the server's message, an empty text, or null where it was stopped. */
  function upload(url, blob, progress, stopped) {
    return new Promise(function (resolve, reject) {
      var request = new XMLHttpRequest();
      var data = new FormData();
      var patience;
      function wait() {
        clearTimeout(patience);
        patience = setTimeout(function () {
          reject('');
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
        if (request.status < 300 && answer.key) { resolve(answer); } else { reject(answer.message || ''); }
      };
      request.onerror = function () { reject(''); };
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
    function take(file) {
      waiting += 1;
      return shrink(file, Number(texts.maxSide)).then(function (blob) {
        var tile = newTile(URL.createObjectURL(blob));
        var progress = element('progress', 'meter-x');
        var stop = new AbortController();
        sending.set(tile, stop);
        progress.setAttribute('aria-label', texts.textWait);
        tile.append(progress);
        changed();
        return upload(texts.uploadUrl, blob, progress, stop.signal).then(function (answer) {
          keep(tile, answer);
          caption(tile, blob.size);
          tile.dispatchEvent(new CustomEvent('photo-kept', { bubbles: true, detail: answer }));
          /* What was refused of several stays in sight when the next one succeeds. */
          if (!status.classList.contains('err')) { say(''); }
        }, function (message) {
          tile.remove();
          if (message === null) { say(''); } else { say(message || texts.textFailed, true); }
        }).then(function () {
          sending.delete(tile);
          progress.remove();
        });
      }).catch(function () { say(texts.textFailed, true); }).then(function () {
        waiting -= 1;
        changed();
      });
    }

    input.addEventListener('change', function () {
      var files = Array.prototype.slice.call(input.files);
      var room = limit - tiles().length - waiting;
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
      tile.remove();
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
        status.scrollIntoView({ block: 'center' });
      }
    });
    changed();
  }

  cp.each('[data-photos]', setUp);
})();
