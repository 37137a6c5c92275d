/* How far a text to many people has come: the page is asked again while it runs. Needs window.civicportal.

   <section data-watch="SECONDS">  is replaced by the same section of the page as it is then */
const { all, one } = window.civicportal;

function again(section) {
  setTimeout(() => {
    fetch(location.href, { headers: { Accept: 'text/html' } })
      .then((answer) => (answer.ok ? answer.text() : ''))
      .then((html) => {
        const fresh = html && one('[data-watched]', new DOMParser().parseFromString(html, 'text/html'));
        if (fresh) {
          section.replaceWith(fresh);
          section = fresh;
        }
      })
      .catch(() => {
        /* offline: asked again later */
      })
      .then(() => {
        if (section.dataset.watch) {
          again(section);
        }
      });
  }, 1000 * section.dataset.watch);
}
all('[data-watch]').forEach(again);
