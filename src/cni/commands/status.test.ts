import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../sys/json.ts";
import { type TempRoot, tempRoot } from "../../sys/testing.ts";
import { type DelegateReply, errorOf, errorReply, fakePlugin } from "../testing.ts";

const nodeState = { version: 1, nodeName: "n1", podCIDRs: ["10.244.1.0/24"], mtu: 1280, ipMasq: true, conditions: [] };

describe("STATUS", () => {
  const env = { CNI_COMMAND: "STATUS" };
  const stdin = { cniVersion: "1.1.0", name: "headcni", type: "headcni" };
  const limiting = { code: "ConflistNotWritten", text: "disk full", impactsConnectivity: true };

  function withState(root: TempRoot, path: string, conditions: readonly JsonObject[] = []): void {
    root.write(path, JSON.stringify({ ...nodeState, conditions }));
  }

  test.each<readonly [string, DelegateReply]>([
    ["well", {}],
    ["too old to know it", errorReply(4, "unknown CNI_COMMAND: STATUS")],
    ["too old for 1.1.0", errorReply(1, "incompatible CNI versions")],
  ])("is 0 without a word when the delegate is %s", async (_name, reply) => {
    using root = tempRoot();
    withState(root, "/run/headcni/node.json");
    expect(await fakePlugin({ root, env, stdin, reply: () => reply }).run()).toEqual({ exitCode: 0, stdout: "" });
  });

  test("is 50 without a PodCIDR", async () => {
    using root = tempRoot();
    expect(errorOf(await fakePlugin({ root, env, stdin }).run())).toMatchObject({
      code: 50,
      msg: expect.stringContaining("No PodCIDR is known for this node: /run/headcni/node.json does not exist"),
    });
  });

  test.each(["bridge", "host-local"])("is 50 when %s is missing", async (name) => {
    using root = tempRoot();
    withState(root, "/run/headcni/node.json");
    const plugin = fakePlugin({ root, env, stdin });
    plugin.system.files.remove(`/opt/cni/bin/${name}`);
    expect(errorOf(await plugin.run())).toMatchObject({ code: 50, msg: `Plugin ${name} not found in /opt/cni/bin` });
  });

  test.each<readonly [string, DelegateReply]>([
    ["hangs", { timedOut: true, signal: "SIGKILL", exitCode: null }],
    ["cannot be started", { startError: "ENOEXEC" }],
    ["crashes", { signal: "SIGSEGV", exitCode: null }],
  ])("is 50 when the delegate %s", async (_name, reply) => {
    using root = tempRoot();
    withState(root, "/run/headcni/node.json");
    expect(errorOf(await fakePlugin({ root, env, stdin, reply: () => reply }).run()).code).toBe(50);
  });

  test("lets the delegate's own answer through", async () => {
    using root = tempRoot();
    withState(root, "/run/headcni/node.json");
    const plugin = fakePlugin({ root, env, stdin, reply: () => errorReply(50, "no kernel module") });
    expect(errorOf(await plugin.run())).toMatchObject({ code: 50, msg: "no kernel module" });
  });

  test("is 51 with the daemon's words when a condition limits connectivity", async () => {
    using root = tempRoot();
    withState(root, "/run/headcni/node.json", [limiting, { ...limiting, code: "Other", impactsConnectivity: false }]);
    expect(errorOf(await fakePlugin({ root, env, stdin }).run())).toMatchObject({
      code: 51,
      details: "ConflistNotWritten: disk full",
    });
  });

  test("does not trust conditions of before a reboot", async () => {
    using root = tempRoot();
    withState(root, "/var/lib/headcni/node.json", [limiting]);
    expect((await fakePlugin({ root, env, stdin }).run()).exitCode).toBe(0);
  });
});
