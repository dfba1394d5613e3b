// Everything works without this file; it adds the keys of the queue and keeps htmx to our own rules.
const $ = (selector, root = document) => root.querySelector(selector);
const rows = () => [...document.querySelectorAll('tr[data-row]')];
const current = () => $('tr[aria-current]');

function setCurrent(row) {
  if (!row) return;
  current()?.removeAttribute('aria-current');
  row.setAttribute('aria-current', 'true');
  $('.ttl', row).focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}

function move(step) {
  const all = rows();
  const next = all.indexOf(current()) + step;
  setCurrent(all[Math.min(Math.max(next, 0), all.length - 1)]);
}

const typing = (event) => event.target.closest('input:not([type=checkbox]), textarea, select');

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === 'Escape' && typing(event)) return event.target.blur();
  if (typing(event) || $('[popover]:popover-open')) return;
  const action = { j: () => move(1), k: () => move(-1), '/': () => $('#q')?.focus(), '?': () => $('#help')?.showPopover() }[event.key];
  if (action) { event.preventDefault(); action(); }
});

document.addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-row]');
  if (row && !event.target.closest('a, button') && !getSelection().toString()) location.href = $('.ttl', row).href;
});

// A link to copy: without this file the field beside it can be selected, or the row's link leads to one.
for (const button of document.querySelectorAll('[data-copy][hidden]')) button.hidden = false;

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  // Browsers give the clipboard to secure origins only.
  try { await navigator.clipboard.writeText(button.dataset.copy); } catch { return byHand(button); }
  const label = $('span', button), usual = label.textContent;
  if (usual === button.dataset.copied) return;
  label.textContent = $('#said').textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = usual; $('#said').textContent = ''; }, 2000);
});

function byHand(button) {
  const field = document.getElementById(button.dataset.field);
  if (field) field.select(); else location.href = button.href;
}

// The row whose panel is open is in sight, wherever the list was left.
current()?.scrollIntoView({ block: 'nearest' });

// Times are shown in the browser's zone until a person chooses one.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `utkik-zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
