// Keeps the newest goal at the top of the conversation while its answer comes in below,
// until the reader scrolls by hand.
(() => {
  let followed = null;
  let released = false;
  const scroller = () => document.querySelector("#iw-chat [role='log']");
  const newest = () => [...document.querySelectorAll("#iw-chat .user-row, #iw-chat .message.user")].pop();
  const follow = () => {
    const log = scroller();
    const goal = newest();
    if (!log || !goal) return;
    if (goal !== followed) {
      followed = goal;
      released = false;
    }
    if (released) return;
    const top = goal.getBoundingClientRect().top - log.getBoundingClientRect().top;
    if (Math.abs(top - 8) > 1) log.scrollTop += top - 8;
  };
  const label = () => {  // these buttons carry a picture or one word only
    for (const [id, words] of [["submit", "Send"], ["stop", "Stop this run"]]) {
      document.querySelector(`[data-testid="${id}-button"]:not([aria-label])`)?.setAttribute("aria-label", words);
    }
  };
  for (const name of ["wheel", "touchmove", "keydown"]) {
    document.addEventListener(name, (event) => {
      if (event.target.closest && event.target.closest("#iw-chat")) released = true;
    }, { passive: true });
  }
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => requestAnimationFrame(() => (label(), follow()))).observe(document.body, {
      childList: true,
      subtree: true,
    });
  });
})();
