// The theme: the system's until the reader chooses.
(function () {
  'use strict';
  const root = document.documentElement;
  const button = document.getElementById('theme');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const listeners = [];
  let chosen = null;

  function dark() {
    return chosen === null ? system.matches : chosen === 'dark';
  }

  function show() {
    if (chosen !== null) {
      root.dataset.theme = chosen;
    }
    button.textContent = dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', dark() ? 'Use light colours' : 'Use dark colours');
    button.setAttribute('aria-pressed', String(dark()));
    listeners.forEach((listener) => listener());
  }

  button.addEventListener('click', () => {
    chosen = dark() ? 'light' : 'dark';
    show();
  });
  system.addEventListener('change', show);
  window.lookaside = { dark, onTheme: (listener) => listeners.push(listener) };
  show();
})();
