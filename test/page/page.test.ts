// The mesh page in a real browser: live, readable on a phone and by a screen reader, and closed to other origins.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import axe from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { createLivePages } from "../../src/daemon/page/live.ts";
import { pageHeaders, renderPage } from "../../src/daemon/page/page.ts";
import { meshNode, selfNode, statusOf } from "../../src/daemon/page/testing.ts";
import { answer } from "../../src/daemon/server.ts";
import type { StatusDocument } from "../../src/daemon/status.ts";
import { realClock } from "../../src/sys/clock.ts";
import { type HttpServer, tryServeHttp } from "../../src/sys/net/http-server.ts";
import { startBrowser } from "./browser.ts";

const warning = {
  code: "RouteNotApproved",
  severity: "warning",
  title: "",
  text: "10.244.1.0/24 is offered on the tailnet, and no control server has approved it",
  since: "2026-01-01T00:00:00.000Z",
  impactsConnectivity: true,
};
const nodes = [
  { ...selfNode, route: "unapproved" as const },
  meshNode("node-2"),
  meshNode("node-3", {
    path: "relay",
    relay: "fra",
    rttSeconds: 0.0312,
    tailnetAddresses: ["100.64.0.3", "fd7a:115c:a1e0::3"],
  }),
  meshNode("node-4", { online: false, route: "unknown", rttSeconds: null }),
  meshNode("a-node-with-a-name-that-is-rather-long.example.com", {
    path: "unknown",
    route: "silent",
    rttSeconds: null,
  }),
];
const conflict = {
  kind: "duplicate",
  podCIDR: "10.244.1.0/24",
  node: "node-1",
  route: "10.244.1.0/24",
  servedBy: "node-4",
} as const;
const first = statusOf({ mesh: { nodes, conflicts: [conflict] }, conditions: [warning] });

/** What the server shows; each test sets its own. */
let status: StatusDocument = first;
let server: HttpServer;
let browser: Browser;
const screenshots = new URL("../../.cache/screenshots", import.meta.url).pathname;

function serve(port = 0): HttpServer {
  const live = createLivePages({ clock: realClock, status: () => status });
  const source = {
    facts: () => {
      throw new Error("the page and its events are all that is asked for here");
    },
    metrics: async () => ({ contentType: "text/plain", text: "" }),
  };
  const page = {
    render: async () => ({ headers: pageHeaders, text: renderPage(status) }),
    events: async (signal: AbortSignal) => live.open(signal),
  };
  const facts = () => ({ pid: 1, startedAtMs: 0, uptimeMs: 0, nodeName: undefined, agents: [], conditions: [] });
  const served = tryServeHttp({
    host: "127.0.0.1",
    port,
    answer: (request) => answer(request, { ...source, facts, page }, "127.0.0.1"),
    failed: (error) => new Response(String(error), { status: 500 }),
  });
  if (served.kind === "fault") throw new Error(served.why);
  return served.value;
}

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true });
  server = serve();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

/** A tab that shows the page, live; whatever it logs or is refused is a failure of the test. */
async function openPage(options: { readonly width?: number; readonly scheme?: "light" | "dark" } = {}) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.setViewport({ width: options.width ?? 1200, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: options.scheme ?? "light" }]);
  await page.goto(`http://${server.address}/`, { waitUntil: "load" });
  await page.waitForFunction(isLive);
  return Object.assign(page, { complaints, [Symbol.asyncDispose]: () => page.close() });
}

/** Expressions in the browser are text: this side of the test has no document. */
const isLive = "document.getElementById('live').textContent === 'live'";
const focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent";
const textOf = (page: Page, id: string): Promise<unknown> =>
  page.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`);

describe("the page", () => {
  test.each([
    ["wide-light", 1200, "light"],
    ["wide-dark", 1200, "dark"],
    ["phone-light", 360, "light"],
    ["phone-dark", 360, "dark"],
  ] as const)(
    "%s: no rule of accessibility is broken, nothing is wider than the screen",
    async (name, width, scheme) => {
      status = first;
      await using page = await openPage({ width, scheme });
      await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
      const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(overflow).toBeLessThanOrEqual(0);
      await page.evaluate(axe.source);
      const broken = await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
      );
      expect(broken).toEqual([]);
      expect(page.complaints).toEqual([]);
    },
  );

  test("follows the daemon without being asked, and keeps the focus", async () => {
    status = first;
    await using page = await openPage();
    await page.focus("#nodes .scroll");
    status = statusOf({ mesh: { nodes: [selfNode, meshNode("node-9")], conflicts: [] } });
    await page.waitForFunction("document.getElementById('nodes').textContent.includes('node-9')");
    expect(await textOf(page, "conditions")).toContain("No conditions: all is well.");
    expect(await textOf(page, "waiting")).toBe("");
    expect(await page.evaluate(focused)).toBe("Nodes");
    expect(page.complaints).toEqual([]);
  });

  test("every part that scrolls or leads on is reached by the keyboard", async () => {
    status = first;
    await using page = await openPage();
    const reached: unknown[] = [];
    for (let at = 0; at < 5; at += 1) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(focused));
    }
    expect(reached.slice(0, 4)).toEqual(["Conflicts", "Nodes", "/status", "/metrics"]);
  });

  test("says when the daemon is gone, and goes on when it is back", async () => {
    status = first;
    await using page = await openPage();
    const port = Number(server.address.split(":")[1]);
    await server.stop();
    await page.waitForFunction("document.getElementById('live').textContent.startsWith('not live')");
    server = serve(port);
    await page.waitForFunction(isLive, { timeout: 30_000 });
  });

  test("of a daemon of another version it loads itself anew", async () => {
    status = first;
    await using page = await openPage();
    const port = Number(server.address.split(":")[1]);
    const loaded = page.waitForNavigation({ timeout: 30_000 });
    await server.stop();
    status = { ...first, version: "0.2.0" };
    server = serve(port);
    await loaded;
    expect(await textOf(page, "node")).toContain("headcni-daemon 0.2.0");
  });

  test("a script in a node's name does not run, nor one that gets into the document", async () => {
    status = statusOf({
      mesh: { nodes: [selfNode, meshNode("<img src=x onerror=document.title='ran'>")], conflicts: [] },
    });
    await using page = await openPage();
    await page.evaluate(`
      const script = document.createElement("script");
      script.textContent = "document.title = 'ran'";
      document.body.append(script);
    `);
    expect(await page.title()).toBe("node-1 · HeadCNI");
    expect(page.complaints.join()).toContain("Content Security Policy");
  });

  test("is neither read nor framed by a page of another origin", async () => {
    using other = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () =>
        new Response(`<iframe src="http://${server.address}/"></iframe>`, { headers: { "content-type": "text/html" } }),
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${other.port}/`, { waitUntil: "load" });
    const read = await page.evaluate(`Promise.all(["/", "/status", "/events", "/metrics"].map((path) =>
      fetch("http://${server.address}" + path).then(() => "read " + path, () => "refused")))`);
    expect(read).toEqual(["refused", "refused", "refused", "refused"]);
    const framed = page.frames().filter((frame) => frame !== page.mainFrame());
    const shown = await Promise.all(framed.map((frame) => frame.content()));
    expect(shown.join()).not.toContain("node-1");
    await page.close();
  });
});
