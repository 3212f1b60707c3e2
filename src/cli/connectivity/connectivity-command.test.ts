// The table of the connectivity test.

import { expect, test } from "bun:test";
import type { ConnectivityDocument } from "../../doctor/connectivity/connectivity.ts";
import type { TestResult } from "../../doctor/connectivity/test-result.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { connectivityTables } from "./connectivity-command.ts";

const ok: TestResult = { outcome: "ok", detail: "well" };
const failed: TestResult = { outcome: "failed", detail: "too large" };
const left: TestResult = { outcome: "not-checked", detail: "not asked for" };
const results = {
  gateway: ok,
  tailnetAddress: ok,
  source: ok,
  back: left,
  mtu: failed,
  transfer: left,
  latency: ok,
  throughput: left,
};
const report: ConnectivityDocument = {
  node: "node-1",
  podAddresses: ["10.244.1.5"],
  passed: false,
  peers: [{ node: "node-2", family: "ipv4", gateway: "10.244.2.1", path: "direct", results, why: null }],
  notTested: [],
};
const coloured: Pick<Terminal, "columns" | "paint"> = {
  columns: undefined,
  paint: (colour, text) => `<${colour}>${text}</>`,
};

test("says how it went in the colours of every table, on a terminal", () => {
  const [, , header, row] = connectivityTables(report, coloured).split("\n");
  expect(header).toStartWith("<bold>NODE</>");
  expect(row?.split(/ {2,}/)).toEqual([
    "node-2",
    "10.244.2.1",
    "direct",
    "<green>ok</>",
    "<green>ok</>",
    "<green>ok</>",
    "<dim>-</>",
    "<red>failed</>",
    "<dim>-</>",
    "well",
    "<dim>-</>",
  ]);
});

test("says what failed below, and nothing of colours in a pipe", () => {
  const text = connectivityTables(report);
  expect(text).toEndWith("\nnode-2: mtu: too large\nSomething failed: headcni doctor says what mends it\n");
  expect(text).not.toContain("<");
});

test("says of a node that is alone that there is nothing to reach", () => {
  const alone = { ...report, passed: true, peers: [], notTested: ["a way to another node"] };
  expect(connectivityTables(alone)).toBe(
    "From a pod on node-1, 10.244.1.5:\n\nnot tested: a way to another node\nNothing failed\n",
  );
});
