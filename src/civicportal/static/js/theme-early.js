/* Runs before the page is painted: says that scripts run (html.js) and sets the theme that was chosen in this browser,
   else the one the device prefers. Not a module: a module comes later.

   A browser that is too old for the modules of the portal gets the pages that work without scripts. What is asked for
   came after modules: browsers that have it know the syntax that the modules are written in (Chrome 86, Firefox 78,
   Safari 14). page.js stops the modules where html.js is missing. */
(() => {
  const root = document.documentElement;
  if (!('noModule' in HTMLScriptElement.prototype && 'replaceChildren' in Element.prototype)) {
    return;
  }
  let chosen = null;
  root.classList.add('js');
  try {
    chosen = localStorage.getItem('theme');
  } catch {
    /* storage is blocked: follow the device */
  }
  root.dataset.bsTheme = chosen || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
})();
