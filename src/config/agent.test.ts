import { describe, expect, test } from "bun:test";
import { watchTarget } from "./agent.ts";
import { defaultConfig } from "./defaults.ts";

describe("watchTarget()", () => {
  const loaded = { config: defaultConfig, file: undefined, origins: new Map(), warnings: [] };

  test.each([
    ["/mnt/node/etc/headcni/config.yaml", "/mnt/node", "/etc/headcni", false],
    ["/etc/headcni/config.yaml", "/", "/etc/headcni", false],
    ["/mnt/other/config.yaml", "/mnt/node", "/mnt/other", true],
    ["/mnt/node2/config.yaml", "/mnt/node", "/mnt/node2", true],
    ["/elsewhere/config.yaml", "/mnt/node", "/elsewhere", true],
  ])("looks for a configuration at %s, with %s for the node's root, in %s", (hostFile, root, dir, isOutside) => {
    // Every name counts: a mounted ConfigMap changes by a link beside the file.
    expect(watchTarget({ ...loaded, hostFile }, root)).toEqual({ dir, names: undefined, withinMs: 250, isOutside });
  });
});
