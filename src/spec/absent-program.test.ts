import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { whyAbsent } from "./absent-program.ts";

const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["nothing", {}, "does not exist"],
  ["a link", { bridge: "/usr/lib/cni/bridge" }, "is a link to /usr/lib/cni/bridge, which does not exist"],
  ["a relative link", { bridge: "../lib/bridge" }, "is a link to /opt/cni/bin/../lib/bridge, which does not exist"],
  ["a link to a link", { bridge: "other", other: "/nowhere" }, "is a link to /nowhere, which does not exist"],
  ["a link to itself", { bridge: "/opt/cni/bin/bridge" }, "does not exist"],
];

test.each(rows)("whyAbsent() where there is %s", (_, links, why) => {
  using root = tempRoot();
  fs.mkdirSync(`${root.path}/opt/cni/bin`, { recursive: true });
  for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, `${root.path}/opt/cni/bin/${name}`);
  expect(whyAbsent(testSystem(root).files, "/opt/cni/bin/bridge")).toBe(why);
});
