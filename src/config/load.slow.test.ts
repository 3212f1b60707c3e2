// A configuration as large as a cluster gets.

import { expect, test } from "bun:test";
import { ConfigError } from "../sys/errors.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { defaultConfigFile } from "./defaults.ts";
import { loadConfig } from "./load.ts";

test("loadConfig() finds the one overlap among the CIDRs of ten thousand nodes", async () => {
  const nodes = Array.from({ length: 10_000 }, (_, at) => `      n${at}: 10.${at >> 8}.${at & 255}.0/24\n`);
  using root = tempRoot();
  root.write(defaultConfigFile, `network:\n  podCIDR:\n    nodeLocal:\n${nodes.join("")}      last: 10.7.9.128/25\n`);
  const error = await loadConfig(testSystem(root, { env: {} }), {}).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${error}`);
  expect(error.issues.map(({ line, path, message }) => `${line ?? "-"} ${path}: ${message}`)).toEqual([
    "10004 network.podCIDR.nodeLocal.last: 10.7.9.128/25 overlaps 10.7.9.0/24 of node n1801; give each node its own",
  ]);
});
