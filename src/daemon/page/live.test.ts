import { describe, expect, test } from "bun:test";
import { fakeClock } from "../../sys/testing.ts";
import type { StatusDocument } from "../status.ts";
import { createLivePages } from "./live.ts";
import { statusOf } from "./testing.ts";

/** Pages of a status that the test changes. */
function livePages() {
  const clock = fakeClock();
  let status: StatusDocument = statusOf();
  const pages = createLivePages({ clock, status: () => status });
  const open = () => {
    const tab = new AbortController();
    const reader = pages.open(tab.signal)?.getReader();
    return {
      isOpen: reader !== undefined,
      close: () => tab.abort(),
      leave: () => reader?.cancel(),
      next: async (): Promise<string | undefined> => {
        const { value } = (await reader?.read()) ?? {};
        return value === undefined ? undefined : new TextDecoder().decode(value);
      },
    };
  };
  const set = (next: StatusDocument): void => {
    status = next;
  };
  return { clock, open, set };
}

const sectionsIn = (event: string | undefined): readonly string[] => {
  const [, json = "{}"] = /^event: sections\ndata: (.*)\n\n$/.exec(event ?? "") ?? [];
  return Object.keys(JSON.parse(json));
};

describe("a live page", () => {
  test("is told the version and everything, then only what has changed", async () => {
    const { clock, open, set } = livePages();
    const page = open();
    expect(await page.next()).toBe("event: version\ndata: 0.1.0\n\n");
    expect(sectionsIn(await page.next())).toEqual(["node", "conditions", "waiting", "mesh", "nodes", "agents"]);
    set(statusOf({ ready: false, notReady: ["why"] }));
    const told = page.next();
    await clock.advance(1000);
    expect(sectionsIn(await told)).toEqual(["node"]);
    page.close();
    expect(await page.next()).toBeUndefined();
  });

  test("is kept open while nothing changes", async () => {
    const { clock, open } = livePages();
    const page = open();
    await page.next();
    await page.next();
    const told = page.next();
    await clock.advance(5000);
    expect(await told).toBe(": nothing has changed\n\n");
    page.close();
  });

  test("costs nothing when it is gone, however it went", async () => {
    const { clock, open } = livePages();
    const [closed, left] = [open(), open()];
    await closed.next();
    await left.next();
    closed.close();
    await left.leave();
    await clock.advance(1000);
    expect(clock.sleeping).toBe(0);
  });

  test("is told what is known when it opens, however long ago another was told", async () => {
    const { clock, open, set } = livePages();
    const before = open();
    await before.next();
    await before.next();
    before.close();
    set(statusOf({ nodeName: "node-2" }));
    const page = open();
    await page.next();
    expect(await page.next()).toContain("<h1>node-2</h1>");
    page.close();
    await clock.advance(1000);
  });

  test("is refused when sixteen are open, and let in when one has gone", () => {
    const { open } = livePages();
    const pages = Array.from({ length: 16 }, open);
    expect(open().isOpen).toBe(false);
    for (const page of pages.slice(0, 1)) page.close();
    const next = open();
    expect(next.isOpen).toBe(true);
    for (const page of [...pages, next]) page.close();
  });
});
