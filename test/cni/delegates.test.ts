// Delegates that do wrong, as real processes: scripts in place of bridge. What each leaves is cleaned up, what it says goes through.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { realClock } from "../../src/sys/clock.ts";
import type { JsonObject } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "../harness/node.ts";
import { callCni, createPluginNode, headcniConfig } from "./plugin.ts";

const folder = "/fake";
const config: JsonObject = headcniConfig(
  "1.0.0",
  { ipam: { type: "host-local", subnet: "10.9.0.0/24" } },
  { delegateTimeoutSeconds: 1 },
);
const env = { CNI_PATH: `/nowhere:${folder}` };

let node: Node;
beforeAll(async () => {
  node = await createPluginNode();
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await node.must(["rm", "-rf", folder, "/var/lib/headcni"]);
});

/** A bridge that does `add` for ADD, writes down its other commands and succeeds with them. */
function writeBridge(add: string, mode = 0o755): void {
  const script = `#!/bin/sh\ncat >${folder}/stdin\ncase $CNI_COMMAND in ADD)\n${add}\n;; *) echo $CNI_COMMAND >>${folder}/log;; esac\n`;
  node.write(`${folder}/bridge`, script);
  fs.chmodSync(node.path(`${folder}/bridge`), mode);
}

function laterCommands(): string {
  return node.exists(`${folder}/log`) ? node.read(`${folder}/log`) : "";
}

describe("ADD over a delegate that", () => {
  test.each<readonly [string, string, number, string]>([
    ["prints nothing", "exit 0", 6, "it is not one JSON object"],
    ["prints rubbish", "echo hello", 6, "it is not one JSON object"],
    ["prints a result and a word", `echo '{"cniVersion":"1.0.0"} done'`, 6, "it is not one JSON object"],
    ["fails without a word", "exit 7", 999, "failed with exit code 7 and printed no CNI error"],
    ["fails on standard error", "echo 'panic: oops' >&2; exit 2", 999, "failed with exit code 2"],
    ["is killed", "kill -9 $$", 999, "was killed by SIGKILL"],
    ["aborts", "kill -6 $$", 999, "was killed by SIGABRT"],
    ["prints without end", "yes", 999, "printed more than 1048576 bytes"],
    ["prints errors without end", "yes >&2", 999, "printed more than 1048576 bytes"],
    ["hangs", "sleep 60", 11, "did not finish ADD within 1 s and was killed"],
  ])("%s gets one CNI error, and its DEL is called", async (_name, script, code, msg) => {
    writeBridge(script);
    const { exitCode, json } = await callCni(node, { command: "ADD", config, env });
    expect(exitCode).toBe(1);
    expect(json?.msg).toContain(msg);
    expect(json?.msg).toContain("bridge");
    expect(json).toMatchObject({ cniVersion: "1.0.0", code });
    expect(laterCommands()).toBe("DEL\n");
    expect(node.list("/var/lib/headcni/cni")).toEqual([]);
  });

  test("hangs is killed together with its children", async () => {
    writeBridge(`sleep 61 & sleep 61`);
    expect((await callCni(node, { command: "ADD", config, env })).json?.code).toBe(11);
    await waitUntil("the children are gone", async () => (await node.run(["pgrep", "-f", "sleep 61"])).exitCode === 1);
  });

  test("leaves a child that holds its output open does not hold ours", async () => {
    writeBridge(`sleep 62 & echo '{"cniVersion":"1.0.0"}'`);
    expect((await callCni(node, { command: "ADD", config, env })).exitCode).toBe(0);
    // It lives on: without a process id kill fails.
    await node.must(["sh", "-c", "kill $(pgrep -xf 'sleep 62')"]);
  });

  test("refuses with an error and an exit code of its own is heard as it is", async () => {
    const error = `{ "cniVersion": "1.0.0", "code": 107, "msg": "own words", "details": "d" }`;
    writeBridge(`echo '${error}'; exit 9`);
    const { exitCode, stdout } = await callCni(node, { command: "ADD", config, env });
    expect([exitCode, stdout]).toEqual([9, `${error}\n`]);
    expect(laterCommands()).toBe("DEL\n");
  });

  test("is not executable is named, with what to do", async () => {
    writeBridge("exit 0", 0o644);
    const { json } = await callCni(node, { command: "ADD", config, env });
    expect(json).toMatchObject({
      code: 999,
      msg: "Delegate /fake/bridge cannot be started: permission denied",
      details: expect.stringContaining("chmod 755 /fake/bridge"),
    });
  });

  test.each([
    ["has an interpreter that is missing", "#!/no/such/shell\n", "cannot be started: does not exist"],
    ["is no program", "just text\n", "cannot be started: is not a program this machine can run"],
  ])("%s is named", async (_name, text, msg) => {
    writeBridge("exit 0");
    node.write(`${folder}/bridge`, text);
    const { json } = await callCni(node, { command: "ADD", config, env });
    expect(json).toMatchObject({ code: 999, msg: expect.stringContaining(msg) });
  });

  test("is a folder is not found, nor is one behind an entry of CNI_PATH that is a file", async () => {
    fs.mkdirSync(node.path(`${folder}/bridge`), { recursive: true });
    const { json } = await callCni(node, { command: "ADD", config, env: { CNI_PATH: `${folder}:/etc/passwd` } });
    expect(json).toMatchObject({ code: 999, msg: "Delegate bridge not found in /fake:/etc/passwd" });
  });

  test("gets environment and config as the runtime gave them", async () => {
    writeBridge(`env >${folder}/env; echo '{"cniVersion":"1.0.0"}'`);
    const more = {
      runtimeConfig: { mac: "02:00:00:00:00:07" },
      args: { cni: { ips: ["10.9.0.7"] } },
      capabilities: { mac: true },
    };
    const call = {
      ...env,
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=p",
      CNI_NETNS_OVERRIDE: "1",
      XTABLES_LOCKFILE: "/run/x",
    };
    expect((await callCni(node, { command: "ADD", config: { ...config, ...more }, env: call })).exitCode).toBe(0);
    const seen = node.read(`${folder}/env`).split("\n");
    for (const [name, value] of Object.entries(call)) expect(seen).toContain(`${name}=${value}`);
    expect(JSON.parse(node.read(`${folder}/stdin`))).toMatchObject({ ...more, type: "bridge", name: "headcni" });
  });
});

describe("a delegate that is replaced in place", () => {
  test("is started as soon as nobody writes to it", async () => {
    writeBridge(`echo '{"cniVersion":"1.0.0"}'`);
    const binary = "/bin/true";
    fs.copyFileSync(node.path(binary), node.path(`${folder}/busy`));
    fs.renameSync(node.path(`${folder}/busy`), node.path(`${folder}/bridge`));
    const fd = fs.openSync(node.path(`${folder}/bridge`), "r+");
    const answer = callCni(node, { command: "DEL", config, env });
    await realClock.sleep(200);
    fs.closeSync(fd);
    expect(await answer).toMatchObject({ exitCode: 0, stdout: "" });
  });
});
