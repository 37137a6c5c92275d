/* The preview beside the wording of a message:
   <div data-sms-of="TEXTAREA_ID" data-sms-values='{"TRACK": "…"}'><p data-sms-length data-text="{characters} … {parts} …"><div data-sms-text>
   Lengths as 3GPP TS 23.038: one letter beyond GSM 7 makes the whole text UCS-2. */
import { all } from './page.js';

const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const TWICE = '^{}\\[~]|€\f';

function measure(text) {
  const letters = Array.from(text);
  const gsm = letters.every((letter) => (GSM + TWICE).includes(letter));
  const sizes = letters.map((letter) => (gsm ? (TWICE.includes(letter) ? 2 : 1) : letter.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  let parts = 1;
  const room = gsm ? 153 : 67;
  let left = room;
  if (units > (gsm ? 160 : 70)) {
    sizes.forEach((size) => {
      if (size > left) {
        parts += 1;
        left = room;
      }
      left -= size;
    });
  }
  return { characters: units, parts: parts };
}

all('[data-sms-of]').forEach((preview) => {
  const area = document.getElementById(preview.dataset.smsOf);
  const values = JSON.parse(preview.dataset.smsValues);
  const length = preview.querySelector('[data-sms-length]');
  area.addEventListener('input', () => {
    const text = area.value
      .replace(/\{([A-Z]+)\}/g, (field, name) => (Object.hasOwn(values, name) ? values[name] : field))
      .trim();
    const size = measure(text);
    preview.querySelector('[data-sms-text]').textContent = text;
    length.textContent = length.dataset.text.replace(/\{(\w+)\}/g, (_field, name) =>
      Number(size[name]).toLocaleString(document.documentElement.lang),
    );
  });
});
