/* The preview beside the wording of a message:
   <div data-sms-of="TEXTAREA_ID" data-sms-values='{"TRACK": "…"}'><p data-sms-length data-text="{characters} … {parts} …"><div data-sms-text>
   Lengths as 3GPP TS 23.038: one letter beyond GSM 7 makes the whole text UCS-2. */
(function () {
  'use strict';
  var GSM = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
  var TWICE = '^{}\\[~]|€\f';

  function measure(text) {
    var letters = Array.from(text);
    var gsm = letters.every(function (letter) { return (GSM + TWICE).includes(letter); });
    var sizes = letters.map(function (letter) { return gsm ? (TWICE.includes(letter) ? 2 : 1) : letter.length; });
    var units = sizes.reduce(function (sum, size) { return sum + size; }, 0);
    var parts = 1;
    var room = gsm ? 153 : 67;
    var left = room;
    if (units > (gsm ? 160 : 70)) {
      sizes.forEach(function (size) {
        if (size > left) { parts += 1; left = room; }
        left -= size;
      });
    }
    return { characters: units, parts: parts };
  }

  document.querySelectorAll('[data-sms-of]').forEach(function (preview) {
    var area = document.getElementById(preview.dataset.smsOf);
    var values = JSON.parse(preview.dataset.smsValues);
    var length = preview.querySelector('[data-sms-length]');
    area.addEventListener('input', function () {
      var text = area.value.replace(/\{([A-Z]+)\}/g, function (field, name) {
        return Object.hasOwn(values, name) ? values[name] : field;
      }).trim();
      var size = measure(text);
      preview.querySelector('[data-sms-text]').textContent = text;
      length.textContent = length.dataset.text.replace(/\{(\w+)\}/g, function (field, name) {
        return Number(size[name]).toLocaleString(document.documentElement.lang);
      });
    });
  });
})();
