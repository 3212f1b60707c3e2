import { describe, expect, test } from "bun:test";
import type { StatusDocument } from "../daemon/status.ts";
import { HeadcniError } from "../sys/errors.ts";
import { fakeClock } from "../sys/testing.ts";
import { askUntilReady, statusTables } from "./status-command.ts";

const agent = (summary: Record<string, string>) => ({ lastReconcile: null, summary, status: {} });
const status: StatusDocument = {
  version: "1.2.3",
  commit: "abc",
  pid: 42,
  startedAt: "2026-01-01T00:00:00.000Z",
  uptimeSeconds: 93_784,
  ready: false,
  notReady: ["ConflistNotWritten: it is read-only"],
  nodeName: "node-1",
  agents: {
    config: agent({}),
    node: agent({
      podCIDR: "10.42.3.0/24, fd00::/64",
      from: "file /run/flannel/subnet.env:2",
      conflist: "/etc/cni/net.d/10-headcni.conflist (not in force)",
      bridge: "headcni0 10.42.3.1/24",
      pods: "3",
    }),
    dataplane: agent({ masquerade: "bridge" }),
  },
  conditions: [
    {
      severity: "error",
      code: "ConflistNotWritten",
      title: "The CNI configuration cannot be written",
      since: "2026-01-01T00:00:00.000Z",
      text: "it is read-only",
      impactsConnectivity: true,
    },
  ],
};

describe("statusTables()", () => {
  test("shows a node and what is wrong with it", () => {
    expect(statusTables(status)).toBe(
      [
        "node        node-1",
        "ready       no",
        "podCIDR     10.42.3.0/24, fd00::/64",
        "from        file /run/flannel/subnet.env:2",
        "conflist    /etc/cni/net.d/10-headcni.conflist (not in force)",
        "bridge      headcni0 10.42.3.1/24",
        "pods        3",
        "masquerade  bridge",
        "daemon      1.2.3, process 42, up 1d 2h",
        "",
        "SEVERITY  CODE                SINCE                     TEXT",
        "error     ConflistNotWritten  2026-01-01T00:00:00.000Z  it is read-only",
        "",
      ].join("\n"),
    );
  });

  test("says so when all is well, and what is not known yet", () => {
    const text = statusTables({ ...status, ready: true, nodeName: null, uptimeSeconds: 0, conditions: [] });
    expect(text).toContain("No conditions: all is well\n");
    expect(text).toContain("node        -\n");
    expect(text).toContain("up 0s\n");
  });
});

describe("askUntilReady()", () => {
  const isAway = new HeadcniError("HC_DAEMON_NOT_RUNNING", "it does not run");

  /** A daemon that gives these answers, the last one for ever, and how it was asked for at most 30 s. */
  function waiting(...answers: readonly (StatusDocument | HeadcniError)[]) {
    const clock = fakeClock();
    let asked = 0;
    const ask = async (): Promise<StatusDocument> => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? status;
      asked += 1;
      if (answer instanceof HeadcniError) throw answer;
      return answer;
    };
    const result = askUntilReady({ clock }, ask, 30).catch((error: unknown) => error);
    return { clock, result, asked: () => asked };
  }

  test("outlasts a daemon that does not serve yet, and one that is not ready yet", async () => {
    const ready = { ...status, ready: true };
    const { clock, result, asked } = waiting(isAway, status, ready);
    await clock.advance(0);
    await clock.advance(1000);
    expect(await result).toBe(ready);
    expect(asked()).toBe(3);
  });

  test.each([
    ["the last answer", status],
    ["the last failure", isAway],
  ])("gives %s when the time is up", async (_what, last) => {
    const { clock, result } = waiting(last);
    await clock.advance(0);
    await clock.advance(29_000);
    expect(clock.sleeping).toBe(1);
    await clock.advance(2000);
    expect(await result).toBe(last);
    expect(clock.sleeping).toBe(0);
  });

  test("does not swallow a fault of ours", async () => {
    const fault = new TypeError("x is not a function");
    const ask = (): Promise<StatusDocument> => Promise.reject(fault);
    await expect(askUntilReady({ clock: fakeClock() }, ask, 30)).rejects.toBe(fault);
  });
});
