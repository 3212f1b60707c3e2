// The page of the status server: one document that needs no other resource, and the headers that let it have none. Pure.

import { sha256Base64 } from "../../sys/fs/sha256.ts";
import type { StatusDocument } from "../status.ts";
import { Html, html } from "./html.ts";
import { script } from "./script.ts";
import { pageSections, type SectionName, sectionNames } from "./sections.ts";
import { style } from "./style.ts";

/** Only what stands in the document may run or be shown, and only its own server is asked. */
const policy = [
  "default-src 'none'",
  `script-src 'sha256-${sha256Base64(script)}'`,
  `style-src 'sha256-${sha256Base64(style)}'`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** What changes by itself is read out, the rest is not. */
const spoken: ReadonlySet<SectionName> = new Set(["conditions"]);

export function renderPage(status: StatusDocument): string {
  const sections = pageSections(status);
  const parts = sectionNames.map((name) => {
    const spokenBy = spoken.has(name) ? html` aria-live="polite"` : html``;
    return html`<section id="${name}"${spokenBy}>${sections[name]}</section>\n`;
  });
  const document = html`<!doctype html>
<html lang="en" data-version="${status.version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status.nodeName ?? "HeadCNI"} · HeadCNI</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<p id="live" role="status">as of now; not live yet</p>
<main>
${parts}</main>
<noscript><p>Reload the page to see what has changed: it is live with JavaScript alone.</p></noscript>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return document.text;
}
