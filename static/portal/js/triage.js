// Toasts that go by themselves, popovers that close once their form is sent, and the keys of the acts.
const LASTS = 6000;
const region = document.getElementById('toasts');

function leaving(toast) {
  let timer;
  const wait = () => { timer = setTimeout(() => toast.remove(), LASTS); };
  const stay = () => clearTimeout(timer);
  // Who is about to press Undo must not lose it.
  for (const name of ['pointerenter', 'focusin']) toast.addEventListener(name, stay);
  for (const name of ['pointerleave', 'focusout']) toast.addEventListener(name, wait);
  wait();
}

if (region) {
  for (const toast of region.querySelectorAll('[data-lasts]')) leaving(toast);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.('[data-lasts]')) leaving(node);
  }).observe(region, { childList: true });
  region.addEventListener('click', (event) => event.target.closest('[data-close]')?.closest('.toast').remove());
}

document.body.addEventListener('htmx:afterRequest', (event) => {
  if (!event.detail.successful) return;
  const open = event.detail.elt.closest('[popover]:popover-open');
  if (open) open.hidePopover();
  if (event.detail.requestConfig.verb === 'post') event.detail.elt.closest('.toast')?.remove();
});

// The button that was pressed may be gone with its part of the page.
document.body.addEventListener('htmx:afterSettle', (event) => {
  if (event.detail.requestConfig?.triggeringEvent?.type !== 'portal:changed' || document.activeElement !== document.body) return;
  document.querySelector('[data-acts] button')?.focus({ preventScroll: true });
});

const typing = (event) => event.target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]');

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event) || document.querySelector('[popover]:popover-open') || document.body.dataset.keys === 'off') return;
  const button = document.querySelector(`[data-acts] [data-key="${CSS.escape(event.key)}"]`);
  if (button) { event.preventDefault(); button.click(); }
});
