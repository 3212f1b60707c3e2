import { describe, expect, test } from "bun:test";
import { fakeClock, memoryLog, waitUntil } from "../sys/testing.ts";
import { createConditionStore } from "./condition-store.ts";
import { conditionsOf, type Failure, kind } from "./conditions.ts";

const table = {
  DaemonDown: kind<Failure>({
    severity: "error",
    title: "The program does not answer",
    impactsConnectivity: true,
    visibleAfterMs: 3000,
    text: ({ why }) => `Nothing works: ${why}`,
  }),
  RouteMissing: kind<{ readonly route: string }>({
    severity: "warning",
    title: "A route is missing",
    impactsConnectivity: false,
    dependsOn: ["DaemonDown"],
    text: ({ route }) => `${route} is not there`,
  }),
  FileLost: kind<Failure>({
    severity: "error",
    title: "A file is lost",
    impactsConnectivity: true,
    text: ({ why }) => `It is gone: ${why}`,
  }),
  LinkDown: kind<Failure>({
    severity: "warning",
    title: "A link is down",
    impactsConnectivity: false,
    text: ({ why }) => `It is down: ${why}`,
  }),
} as const;
const condition = conditionsOf(table);

test("conditionsOf() makes what the table says with the values of the node", () => {
  expect(condition("RouteMissing", { route: "10.1.0.0/24" })).toEqual({
    code: "RouteMissing",
    severity: "warning",
    title: "A route is missing",
    impactsConnectivity: false,
    dependsOn: ["DaemonDown"],
    text: "10.1.0.0/24 is not there",
  });
});

const create = () => {
  const clock = fakeClock();
  const log = memoryLog();
  const store = createConditionStore({ clock, log });
  const codes = () => store.list().map(({ code }) => code);
  return { clock, log, store, codes };
};
const warning = (why: string) => condition("LinkDown", { why });
const error = condition("FileLost", { why: "it is read-only" });

describe("createConditionStore()", () => {
  test("keeps since what was first seen, whatever the sentence says later", async () => {
    const { clock, store } = create();
    const startMs = clock.now();
    store.set("node", [warning("a")]);
    await clock.advance(5000);
    store.set("node", [warning("b")]);
    expect(store.list()).toMatchObject([{ code: "LinkDown", sinceMs: startMs, text: warning("b").text }]);
  });

  test("says what is over, and begins anew after that", async () => {
    const { clock, log, store } = create();
    store.set("node", [warning("a")]);
    await clock.advance(5000);
    expect(store.set("node", [])).toBe(true);
    expect(store.list()).toEqual([]);
    expect(log.entries.at(-1)).toEqual({
      level: "info",
      code: "ConditionCleared",
      message: "No longer so: A link is down",
      fields: { condition: "LinkDown", afterSeconds: 5 },
    });
    store.set("node", [warning("a")]);
    expect(store.list()[0]?.sinceMs).toBe(clock.now());
  });

  test("tells the log of a change once, at the condition's own level", () => {
    const { log, store } = create();
    expect(store.set("node", [error, warning("a")])).toBe(true);
    expect(store.set("node", [error, warning("a")])).toBe(false);
    expect(log.entries.map(({ level }) => level)).toEqual(["error", "warn"]);
  });

  test("keeps the conditions of each agent apart, and lists errors first", () => {
    const { store, codes } = create();
    store.set("server", [warning("a")]);
    store.set("node", [error]);
    store.set("memory", []);
    expect(codes()).toEqual(["FileLost", "LinkDown"]);
    store.set("node", []);
    expect(codes()).toEqual(["LinkDown"]);
  });

  test("publishes another list only when it shows something else", () => {
    const { store } = create();
    store.set("node", [warning("a")]);
    const before = store.shown.value;
    store.set("node", [warning("a")]);
    store.set("other", []);
    expect(store.shown.value).toBe(before);
    store.set("node", [warning("b")]);
    expect(store.shown.value).not.toBe(before);
  });
});

describe("a condition with visibleAfterMs", () => {
  const down = condition("DaemonDown", { why: "no socket" });

  test("is shown when its time has come although it is not set again, with the time it was first seen", async () => {
    const { clock, log, store, codes } = create();
    const stop = new AbortController();
    const running = store.run(stop.signal);
    const startMs = clock.now();
    await clock.advance(1000);
    expect(store.set("tailscale", [down])).toBe(false);
    expect(codes()).toEqual([]);
    await clock.advance(2999);
    expect(log.entries).toEqual([]);
    const changed = store.shown.changed(store.shown.value, stop.signal);
    await clock.advance(1);
    await changed;
    expect(store.list()).toMatchObject([{ code: "DaemonDown", sinceMs: startMs + 1000 }]);
    expect(log.entries).toMatchObject([{ level: "error", message: "Nothing works: no socket" }]);
    stop.abort();
    await running;
  });

  test("is never heard of when it is over before", async () => {
    const { clock, log, store, codes } = create();
    const stop = new AbortController();
    const running = store.run(stop.signal);
    store.set("tailscale", [down]);
    await clock.advance(2000);
    expect(store.set("tailscale", [])).toBe(false);
    await clock.advance(10_000);
    // Its time starts over when it comes again.
    store.set("tailscale", [down]);
    await clock.advance(2999);
    expect(codes()).toEqual([]);
    expect(log.entries).toEqual([]);
    await clock.advance(1);
    expect(codes()).toEqual(["DaemonDown"]);
    stop.abort();
    await running;
  });

  test("is not put off by a sentence that changes, nor by another that waits", async () => {
    const { clock, store, codes } = create();
    const stop = new AbortController();
    const running = store.run(stop.signal);
    store.set("one", [down]);
    await clock.advance(1500);
    store.set("one", [condition("DaemonDown", { why: "refused" })]);
    store.set("two", [{ ...down, code: "OtherDown" }]);
    await clock.advance(1500);
    expect(store.list()).toMatchObject([{ code: "DaemonDown", text: "Nothing works: refused" }]);
    await clock.advance(1500);
    expect(codes()).toEqual(["DaemonDown", "OtherDown"]);
    stop.abort();
    await running;
  });

  test("leaves no timer running but while it waits", async () => {
    const { clock, store } = create();
    const stop = new AbortController();
    const running = store.run(stop.signal);
    await waitUntil("it waits", () => clock.sleeping === 1);
    await clock.advance(24 * 3_600_000);
    expect(clock.sleeping).toBe(1);
    stop.abort();
    await running;
    expect(clock.sleeping).toBe(0);
  });
});

describe("a condition with dependsOn", () => {
  const route = condition("RouteMissing", { route: "10.1.0.0/24" });
  const down = { ...condition("DaemonDown", { why: "no socket" }), visibleAfterMs: 0 };

  test("is not shown while its cause holds under another agent, and is when that is over", () => {
    const { log, store, codes } = create();
    store.set("tailscale", [down]);
    expect(store.set("mesh", [route])).toBe(false);
    expect(codes()).toEqual(["DaemonDown"]);
    store.set("tailscale", []);
    expect(codes()).toEqual(["RouteMissing"]);
    expect(log.entries.map(({ message }) => message)).toEqual([
      "Nothing works: no socket",
      "10.1.0.0/24 is not there",
      "No longer so: The program does not answer",
    ]);
  });

  test("goes when its cause comes, and the log hears once of its begin and its end", () => {
    const { log, store, codes } = create();
    store.set("mesh", [route]);
    store.set("tailscale", [down]);
    expect(codes()).toEqual(["DaemonDown"]);
    store.set("tailscale", []);
    store.set("tailscale", [down]);
    store.set("mesh", []);
    const ofRoute = log.entries.filter(({ fields }) => fields.condition === "RouteMissing");
    expect(ofRoute.map(({ message }) => message)).toEqual([
      "10.1.0.0/24 is not there",
      "No longer so: A route is missing",
    ]);
  });

  test("is hidden also while its cause is not shown yet", async () => {
    const { clock, store, codes } = create();
    const stop = new AbortController();
    const running = store.run(stop.signal);
    store.set("tailscale", [condition("DaemonDown", { why: "no socket" })]);
    store.set("mesh", [route]);
    expect(codes()).toEqual([]);
    await clock.advance(3000);
    expect(codes()).toEqual(["DaemonDown"]);
    stop.abort();
    await running;
  });
});
