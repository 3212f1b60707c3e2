import { describe, expect, test } from "bun:test";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { fakeClock, memoryLog } from "../sys/testing.ts";
import { createConditionStore } from "./condition-store.ts";
import { condition, conditionCodes, conditionTable } from "./conditions.ts";

describe("conditionTable", () => {
  test.each([...conditionCodes])("%s has a title in sentence case without a final period", (code) => {
    expect(conditionTable[code].title).toMatch(/^[A-Z].*[^.]$/);
    expect(code).toMatch(/^([A-Z][a-z]+|CIDR)+$/);
  });
});

test("condition() carries what the table says and the values of the node", () => {
  const made = condition("PodCIDRNotAuthoritative", {
    podCIDRs: parsePodCIDRs("10.244.0.0/24"),
    source: "the built-in default",
  });
  expect(made).toEqual({
    code: "PodCIDRNotAuthoritative",
    severity: "warning",
    title: "Nobody assigned this node its PodCIDR",
    impactsConnectivity: false,
    text:
      "10.244.0.0/24 comes from the built-in default, so another node can have the same. Set network.podCIDR.nodeLocal " +
      "(one value a node name) or NODE_POD_CIDR; `headcni podcidr` shows what was asked",
  });
});

describe("createConditionStore()", () => {
  const warning = (why: string) => condition("BridgeUnknown", { why });
  const error = condition("ConflistNotWritten", { path: "/x", why: "it is read-only" });
  const create = () => {
    const clock = fakeClock();
    const log = memoryLog();
    return { clock, log, store: createConditionStore({ clock, log }) };
  };

  test("keeps since what was first seen, whatever the sentence says later", async () => {
    const { clock, store } = create();
    const startMs = clock.now();
    store.set("node", [warning("a")]);
    await clock.advance(5000);
    store.set("node", [warning("b")]);
    expect(store.list()).toMatchObject([{ code: "BridgeUnknown", sinceMs: startMs, text: warning("b").text }]);
  });

  test("says what is over, and begins anew after that", async () => {
    const { clock, log, store } = create();
    store.set("node", [warning("a")]);
    await clock.advance(5000);
    expect(store.set("node", [])).toBe(true);
    expect(store.list()).toEqual([]);
    expect(log.entries.at(-1)).toEqual({
      level: "info",
      message: "No longer so: The pod bridge cannot be looked at",
      fields: { condition: "BridgeUnknown", afterSeconds: 5 },
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

  test("lets each part speak for itself, and lists errors first", () => {
    const { store } = create();
    store.set("server", [warning("a")]);
    store.set("node", [error]);
    store.set("memory", []);
    expect(store.list().map(({ code }) => code)).toEqual(["ConflistNotWritten", "BridgeUnknown"]);
    store.set("node", []);
    expect(store.list().map(({ code }) => code)).toEqual(["BridgeUnknown"]);
  });
});
