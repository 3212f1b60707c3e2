// What the page does in a browser: it puts each section that changed in place of the old one, and says whether it is live. The focus
// stays where it was. Without it the page is what it was when it was loaded.

export const script = `
const live = document.getElementById("live");
const source = new EventSource("/events");
source.addEventListener("open", () => { live.textContent = "live"; });
source.addEventListener("error", () => {
  live.textContent = source.readyState === EventSource.CLOSED
    ? "not live: the daemon has refused more pages, or this one; reload to try again"
    : "not live: the daemon does not answer; asking again";
});
source.addEventListener("version", ({ data }) => {
  if (data !== document.documentElement.dataset.version) location.reload();
});
source.addEventListener("sections", ({ data }) => {
  for (const [name, html] of Object.entries(JSON.parse(data))) {
    const section = document.getElementById(name);
    const focused = section.contains(document.activeElement)
      ? [...section.querySelectorAll("a, [tabindex]")].indexOf(document.activeElement)
      : -1;
    section.innerHTML = html;
    if (focused >= 0) section.querySelectorAll("a, [tabindex]")[focused]?.focus({ preventScroll: true });
  }
});
`;
