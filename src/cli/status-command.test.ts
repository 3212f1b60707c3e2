import { describe, expect, test } from "bun:test";
import { statusTables } from "./status-command.ts";

const status = {
  version: "1.2.3",
  pid: 42,
  uptimeSeconds: 93_784,
  ready: false,
  nodeName: "node-1",
  inForce: { podCIDRs: ["10.42.3.0/24", "fd00::/64"], source: "file", file: "/run/flannel/subnet.env", line: 2 },
  conflist: { path: "/etc/cni/net.d/10-headcni.conflist", inForce: false },
  pods: { count: 3 },
  bridge: { name: "headcni0", state: "present", addresses: ["10.42.3.1/24"] },
  masquerade: "bridge",
  conditions: [
    { severity: "error", code: "ConflistNotWritten", since: "2026-01-01T00:00:00.000Z", text: "it is read-only" },
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
    const text = statusTables({ ready: true, uptimeSeconds: 0, inForce: null, conflist: null, conditions: [] });
    expect(text).toContain("No conditions: all is well\n");
    expect(text).toContain("podCIDR     -\n");
    expect(text).toContain("up 0s\n");
  });
});
