/* A form about work on the spot: the camera at one tap, and time and position of the device with the pictures, if the person
   wants that in this browser.

   <form data-on-site> <button data-camera> <input type="checkbox" data-device> <input name="device_at">
     <input name="device_place"> <p role="status" data-device-said data-text-noted data-text-time> */
import { all, locate, one } from './page.js';

const WANTED = 'field-device';
const DECIMALS = 6;
const form = one('[data-on-site]');
const device = one('[data-device]', form);
const said = one('[data-device-said]', form);
const { device_at: time, device_place: place } = form.elements;

function say(text) {
  said.textContent = text;
}
function note() {
  time.value = new Date().toISOString();
  say(said.dataset.textTime);
  locate(DECIMALS).then(
    (position) => {
      place.value = position;
      say(said.dataset.textNoted);
    },
    () => {},
  );
}
function remember(wanted) {
  try {
    localStorage.setItem(WANTED, wanted);
  } catch {
    /* It is asked the next time. */
  }
}
function remembered() {
  try {
    return localStorage.getItem(WANTED) === 'true';
  } catch {
    return false;
  }
}

device.checked = remembered();
device.addEventListener('change', () => {
  remember(device.checked);
  time.value = '';
  place.value = '';
  if (device.checked && one('[data-photo]', form)) {
    note();
  }
});
all('[data-photo-input]', form).forEach((files) => {
  files.addEventListener('change', () => {
    if (device.checked && one('[data-photo]', form) && !time.value) {
      note();
    }
  });
});
one('[data-camera]', form)?.addEventListener('click', () => {
  const files = one('[data-photo-input]', form);
  files.setAttribute('capture', 'environment');
  files.click();
  files.removeAttribute('capture');
});
