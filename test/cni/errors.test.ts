// Every row of the specification's table of errors that a plugin can meet, as a process: one JSON object on standard output, exit code
// 1, no hang. Where bridge meets the same row, it must have given the same code.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { JsonObject } from "../../src/sys/json.ts";
import type { Node } from "../harness/node.ts";
import {
  binDir,
  bridgeConfig,
  type CniCall,
  callCni,
  cniEnv,
  createPluginNode,
  headcniConfig,
  network,
} from "./plugin.ts";

const own = headcniConfig("1.0.0");
const direct: JsonObject = { cniVersion: "1.0.0", name: network, ...bridgeConfig() };

let node: Node;
beforeAll(async () => {
  node = await createPluginNode();
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
});

async function codeOf(call: CniCall): Promise<unknown> {
  const { exitCode, json } = await callCni(node, call);
  expect(exitCode).toBe(1);
  expect(json?.msg).toBeString();
  return json?.code;
}

type Row = readonly [string, number, Partial<CniCall>, JsonObject | string];

/** Both plugins meet these before they differ. */
const shared: readonly Row[] = [
  ["an unknown command", 4, { command: "UPDATE" }, {}],
  ["no container ID", 4, { env: { CNI_CONTAINERID: "" } }, {}],
  ["no namespace", 4, { env: { CNI_NETNS: "" } }, {}],
  ["no interface name", 4, { env: { CNI_IFNAME: "" } }, {}],
  ["no CNI_PATH", 4, { env: { CNI_PATH: "" } }, {}],
  ["a container ID with a slash", 4, { containerId: "a/b" }, {}],
  ["an interface name too long", 4, { ifname: "abcdefghijklmnop" }, {}],
  ["an interface name with a colon", 4, { ifname: "a:b" }, {}],
  ["no standard input", 6, {}, ""],
  ["half a config", 6, {}, '{"cniVersion":"1.0.0","name":'],
  ["a list for a config", 6, {}, "[]"],
  ["bytes that are no text", 6, {}, "\u0000\u0001\u00ff"],
  ["a byte order mark", 6, {}, `\uFEFF${JSON.stringify(direct)}`],
  ["a name that is a number", 6, {}, { name: 7 }],
  ["no name", 7, {}, { name: "" }],
  ["a name with a slash", 7, {}, { name: "../x" }],
  ["no version, which means 0.1.0, of ours", 1, {}, { cniVersion: "0.0.9" }],
  ["a version to come", 1, {}, { cniVersion: "2.0.0" }],
  ["CHECK before 0.4.0", 1, { command: "CHECK" }, { cniVersion: "0.3.1" }],
];

describe.each(shared)("%s", (_name, code, call, config) => {
  const configFor = (base: JsonObject) => (typeof config === "string" ? config : { ...base, ...config });

  test(`is code ${code}, from headcni and from bridge`, async () => {
    expect(await codeOf({ command: "ADD", ...call, config: configFor(own) })).toBe(code);
    expect(await codeOf({ plugin: "bridge", command: "ADD", ...call, config: configFor(direct) })).toBe(code);
  });
});

const ours: readonly Row[] = [
  ["a command that is empty", 4, { command: "" }, {}],
  ["a config without version", 1, {}, { cniVersion: "" }],
  ["a version older than lists of plugins", 1, {}, { cniVersion: "0.2.0" }],
  ["a delegate that is no object", 7, {}, { delegate: "bridge" }],
  ["itself as delegate", 7, {}, { delegate: { type: "headcni" } }],
  ["no type", 7, {}, { type: "" }],
  ["a PodCIDR nobody knows", 11, {}, { delegate: {} }],
  ["a delegate that is not there", 999, { env: { CNI_PATH: "/nowhere" } }, {}],
  ["a folder for saved calls that cannot be written", 5, {}, { dataDir: "/proc/nothing" }],
  ["GC before 1.1.0", 1, { command: "GC" }, {}],
  ["STATUS before 1.1.0", 1, { command: "STATUS" }, {}],
  ["STATUS without a PodCIDR", 50, { command: "STATUS" }, { cniVersion: "1.1.0", delegate: {} }],
  [
    "a list of valid attachments that is none",
    7,
    { command: "GC" },
    { cniVersion: "1.1.0", "cni.dev/valid-attachments": 7 },
  ],
];

test.each(ours)("%s is code %d", async (_name, code, call, config) => {
  const changed = typeof config === "string" ? config : { ...own, ...config };
  expect(await codeOf({ command: "ADD", ...call, config: changed })).toBe(code);
});

describe("the process", () => {
  test("reads no more of 50 MB than it takes to know that it is no config", async () => {
    const command = `head -c 50000000 /dev/zero | tr '\\0' ' ' | ${binDir}/headcni; echo "\${PIPESTATUS[1]} $?" >&2`;
    const { stdout, stderr } = await node.run(["bash", "-c", command], {
      env: cniEnv({ command: "ADD", config: own }),
    });
    expect(JSON.parse(stdout)).toMatchObject({ code: 6, msg: expect.stringContaining("larger than") });
    // The writer was cut off by SIGPIPE.
    expect(stderr).toBe("141 1\n");
  });

  test("reads a file from where the caller has read to", async () => {
    node.write("/two-lines", `first\n${JSON.stringify(own)}`);
    const { stdout } = await node.run(["bash", "-c", `{ read -r first; ${binDir}/headcni; } </two-lines`], {
      env: { ...cniEnv({ command: "ADD", config: own }), CNI_PATH: "/nowhere" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ code: 999 });
  });

  test("waits for a caller that writes late and in pieces", async () => {
    const [head, tail] = [JSON.stringify(own).slice(0, 20), JSON.stringify(own).slice(20)];
    const script = `(sleep 0.2; printf %s '${head}'; sleep 0.2; printf %s '${tail}') | ${binDir}/headcni`;
    const { stdout } = await node.run(["sh", "-c", script], {
      env: { ...cniEnv({ command: "ADD", config: own }), CNI_PATH: "/nowhere" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ code: 999 });
  });

  test("gives up on standard input that stays open, with code 5; VERSION does not need it", async () => {
    const open = (command: string) =>
      node.run(["sh", "-c", `sleep 60 | { ${binDir}/headcni; kill $(pgrep -x sleep); }`], {
        env: cniEnv({ command, config: own }),
        timeoutMs: 30_000,
      });
    const version = await open("VERSION");
    expect(JSON.parse(version.stdout)).toMatchObject({ cniVersion: "1.1.0" });
    const add = await open("ADD");
    expect(JSON.parse(add.stdout)).toMatchObject({ code: 5, msg: expect.stringContaining("was not closed within") });
  }, 60_000);

  test.each([
    ["closed", ">&-"],
    ["a pipe nobody reads", "| true"],
    ["a full disk", ">/dev/full"],
  ])("does not crash when standard output is %s", async (_name, redirection) => {
    const script = `(echo '{}' | ${binDir}/headcni; echo "ended with $?" >&2) ${redirection}`;
    const { stdout, stderr } = await node.run(["sh", "-c", script], { env: cniEnv({ command: "ADD", config: own }) });
    expect(stdout).toBe("");
    expect(stderr).toBe("ended with 1\n");
  });

  test("says of VERSION that cannot be heard that it failed", async () => {
    const script = `echo '{}' | ${binDir}/headcni >/dev/full; echo "ended with $?"`;
    const { stdout } = await node.run(["sh", "-c", script], { env: { CNI_COMMAND: "VERSION" } });
    expect(stdout).toBe("ended with 1\n");
  });

  test("takes nothing from its working folder: neither bunfig.toml nor .env", async () => {
    for (const name of ["bunfig.toml", ".env"])
      node.write(`/hostile/${name}`, 'preload = ["./evil.ts"]\nCNI_COMMAND=ADD\n');
    node.write("/hostile/evil.ts", 'console.log("evil");');
    const { stdout } = await node.run(["sh", "-c", `cd /hostile && ${binDir}/headcni </dev/null`], {
      env: { CNI_COMMAND: "VERSION" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion: "1.1.0" });
  });
});
