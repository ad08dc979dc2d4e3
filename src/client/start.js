// Starts the program of a page, and lets the browser do what it does by itself wherever the program can't: on a page that a
// translator has changed, and once the program has broken down. A form is then sent, and a link followed, as if there were no script.
// A template: `shell.rs` writes it into the page, without comments.
import init, { hydrate } from "SCRIPT";

const root = document.documentElement;
const address = () => location.pathname + location.search;
const broken = () => "broken" in root.dataset;
// The program holds on to texts that a translator has put `<font>` in place of; what it changes is seen by nobody.
const translated = () => document.querySelector("body font");
let shown = address();
let led;

// An iPad that asks for the pages of a desktop says that it is a Macintosh; those have no touch screen.
if (navigator.maxTouchPoints > 1 && navigator.userAgent.includes("Macintosh")) {
  document.cookie = "TOUCH";
}

// What others have changed since the page was read is taken back for the program to find its way about. Not what they have put
// behind it.
const changes = [];
const watch = new MutationObserver((seen) => changes.push(...seen));
watch.observe(document.body, { childList: true, subtree: true });
const takeBack = () => {
  changes.push(...watch.takeRecords());
  watch.disconnect();
  for (const { target, addedNodes, removedNodes, nextSibling } of changes.reverse()) {
    if (target !== document.body || nextSibling || removedNodes.length) {
      addedNodes.forEach((node) => node.remove());
      removedNodes.forEach((node) => target.insertBefore(node, nextSibling));
    }
  }
};

// It has broken down on the way to another page, or while it covered this one: a load shows what there is.
const breakDown = () => {
  root.dataset.broken = "";
  document.querySelectorAll("button[type=submit]:disabled").forEach((button) => (button.disabled = false));
  if (led && performance.now() - led.at < 10000) {
    led.to === location.href ? location.reload() : location.assign(led.to);
  } else if (root.dataset.session || document.querySelector("dialog[open]")) {
    location.reload();
  }
  shown = address();
};
const ifBroken = (error) => error instanceof WebAssembly.RuntimeError && breakDown();
addEventListener("error", ({ error }) => ifBroken(error));
addEventListener("unhandledrejection", ({ reason }) => ifBroken(reason));

// First of all listeners, so that what stops here doesn't reach the program's.
const leave = (event) => event.stopImmediatePropagation();
addEventListener("submit", (event) => (broken() || (translated() && !event.target.closest("dialog"))) && leave(event), true);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  shown = address();
  led = link && { to: link.href, at: performance.now() };
  link && (broken() || translated()) && leave(event);
}, true);
addEventListener("popstate", (event) => {
  led = { to: location.href, at: performance.now() };
  if (broken() || translated()) {
    leave(event);
    address() === shown || location.reload();
  }
}, true);
addEventListener("input", () => (led = undefined), true);

// The page is there without the program: it is shown before that takes the line and the processor. A tab that nobody sees draws no
// frame, and must not wait to be seen: it would count its session's ends from then.
await Promise.race([
  new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))),
  new Promise((late) => setTimeout(late, 500)),
]);
await init({ module_or_path: "WASM" });
// Between making the program ready and running it, whoever clicks is heard.
await new Promise((heard) => setTimeout(heard));
takeBack();
try {
  hydrate();
} catch (error) {
  breakDown();
  throw error;
}
