/* A report on the spot: the camera at one tap, and time and position of the device with the pictures, if the person wants
   that in this browser. Needs window.civicportal.

   <form data-field-form> <button data-camera> <input type="checkbox" data-device> <input name="device_at">
     <input name="device_place"> <p role="status" data-device-said data-text-noted data-text-time> */
const { one } = window.civicportal;

const WANTED = 'field-device';
const PATIENCE = 10000; /* ms */
const form = one('[data-field-form]');
const device = one('[data-device]', form);
const said = one('[data-device-said]', form);
const files = one('[data-photo-input]', form);
const { device_at: time, device_place: place } = form.elements;

function say(text) {
  said.textContent = text;
}
function note() {
  time.value = new Date().toISOString();
  say(said.dataset.textTime);
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => {
      place.value = `${coords.latitude.toFixed(6)},${coords.longitude.toFixed(6)}`;
      say(said.dataset.textNoted);
    },
    () => {},
    { enableHighAccuracy: true, timeout: PATIENCE },
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
files.addEventListener('change', () => {
  if (device.checked && one('[data-photo]', form) && !time.value) {
    note();
  }
});
one('[data-camera]', form).addEventListener('click', () => {
  files.setAttribute('capture', 'environment');
  files.click();
  files.removeAttribute('capture');
});
