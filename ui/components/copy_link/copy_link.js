// The address bar's link, which holds every setting, on the clipboard.

export default function ({ parentElement }) {
  if (parentElement.querySelector("button")) return;
  const button = document.createElement("button");
  button.type = "button";
  const link = document.createElement("input");
  link.readOnly = true;
  link.setAttribute("aria-label", "link to this screen");
  const rest = "Copy link";
  button.textContent = rest;
  const refresh = () => (link.value = location.href);
  button.onclick = async () => {
    refresh();
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C"; // no clipboard without https: the link is selected
    }
    setTimeout(() => (button.textContent = rest), 2000);
  };
  parentElement.append(link, button);
  refresh();
  const timer = setInterval(refresh, 500);
  return () => clearInterval(timer);
}
