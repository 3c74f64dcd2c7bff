// Keeps the newest goal at the top of the conversation while its answer comes in below,
// until the reader scrolls by hand; and names two buttons for screen readers.
(() => {
  const NAMES = { submit: "Send", stop: "Stop this run" };
  let followed = null;
  let released = false;

  const follow = () => {
    const log = document.querySelector("#iw-chat [role='log']");
    const goal = [...document.querySelectorAll("#iw-chat .user-row")].pop();
    if (!log || !goal) return;
    if (goal !== followed) {
      followed = goal;
      released = false;
    }
    if (!released) log.scrollTop += goal.getBoundingClientRect().top - log.getBoundingClientRect().top;
  };

  const name = () => {
    for (const [id, words] of Object.entries(NAMES)) {
      const button = document.querySelector(`[data-testid="${id}-button"]`);
      if (button && !button.ariaLabel) button.ariaLabel = words;
    }
  };

  for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    document.addEventListener(kind, (event) => {
      if (event.target.closest?.("#iw-chat")) released = true;
    }, { passive: true });
  }
  new MutationObserver(() => requestAnimationFrame(() => { name(); follow(); })).observe(
    document.documentElement, { childList: true, subtree: true },
  );
})();
