import { describe, expect, test } from "bun:test";
import type { StatusDocument } from "../daemon/status.ts";
import { statusTables } from "./status-command.ts";

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
