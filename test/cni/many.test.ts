// Many pods at once, and the plugin killed at any moment: every address is given once, and nothing is left.

import { describe, expect, test } from "bun:test";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import type { Node } from "../harness/node.ts";
import {
  addNetns,
  addressOf,
  binDir,
  bridgeConfig,
  callCni,
  cniEnv,
  createPluginNode,
  deleteNetns,
  headcniConfig,
  mustCni,
} from "./plugin.ts";

const config = headcniConfig("1.0.0", { ...bridgeConfig(), ipMasq: true });
const podCount = 110;

describe("110 pods at once", () => {
  test("get 110 different addresses, and leave nothing", async () => {
    await using node = await createPluginNode();
    const ids = Array.from({ length: podCount }, (_, index) => `pod-${index}`);
    await addNetns(node, ...ids);
    const results = await Promise.all(ids.map((containerId) => mustCni(node, { command: "ADD", containerId, config })));
    expect(new Set(results.map(addressOf)).size).toBe(podCount);
    expect(node.list("/var/lib/headcni/cni")).toHaveLength(podCount);
    await Promise.all(ids.map((containerId) => mustCni(node, { command: "DEL", containerId, config })));
    await deleteNetns(node, ...ids);
    expect(await leftovers(node)).toEqual(noLeftovers);
  }, 120_000);
});

describe("the plugin killed at any moment", () => {
  const tries = 60;
  /** Longer than a whole call takes here, so that some calls are not hit. */
  const spanMs = 80;

  test.each([["ADD"], ["DEL"]])(
    "of %s leaves nothing after DEL and GC",
    async (command) => {
      await using node = await createPluginNode();
      node.write("/config.json", JSON.stringify(config));
      const exitCodes: string[] = [];
      for (let index = 0; index < tries; index++) {
        const containerId = `pod-${index}`;
        await addNetns(node, containerId);
        if (command === "DEL") await mustCni(node, { command: "ADD", containerId, config });
        exitCodes.push(await killed(node, { command, containerId, afterMs: (index * spanMs) / tries }));
        await deleteNetns(node, containerId);
      }
      expect(exitCodes.filter((code) => code === "137").length).toBeGreaterThan(tries / 4);
      const gc = { ...config, cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
      expect(await callCni(node, { command: "GC", config: gc })).toMatchObject({ exitCode: 0, stdout: "" });
      expect(await leftovers(node)).toEqual(noLeftovers);
    },
    120_000,
  );
});

interface Kill {
  readonly command: string;
  readonly containerId: string;
  readonly afterMs: number;
}

/** Kills one call after a while, and calls DEL at once, while the killed call's delegate may still run. Gives how the call ended. */
async function killed(node: Node, { command, containerId, afterMs }: Kill): Promise<string> {
  const script = `
    ${binDir}/headcni </config.json >/dev/null & pid=$!
    busybox usleep ${Math.round(afterMs * 1000)}
    kill -9 $pid 2>/dev/null
    wait $pid; echo $?
    CNI_COMMAND=DEL exec ${binDir}/headcni </config.json`;
  const env = cniEnv({ command, containerId, config });
  const { exitCode, stdout } = await node.run(["sh", "-c", script], { env, timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`DEL after a kill at ${afterMs} ms failed: ${stdout}`);
  return stdout.trim();
}
