// A pod to test with, made by the node's own conflist as the runtime makes one: a network namespace, ADD of each plugin, DEL in any case.

import { type Addr, tryParseAddr } from "../../cidr/addr.ts";
import { leaseDir, readLeases } from "../../ipam/lease.ts";
import { parseConflist, pluginEntries } from "../../spec/conflist.ts";
import { expected, HeadcniError } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { isJsonObject, type JsonObject, tryParseJsonObject } from "../../sys/json.ts";
import { isProcess, processId } from "../../sys/process/process.ts";
import type { System } from "../../sys/system.ts";

export interface TestPod extends AsyncDisposable {
  readonly name: string;
  /** Of its namespace, on this machine. */
  readonly netns: string;
  readonly addresses: readonly Addr[];
}

export interface TestPodOptions {
  /** Text of the conflist in force. */
  readonly conflist: string;
  readonly binDir: string;
  /** Those that the pod is to have, of each family at most one. @default what host-local gives out */
  readonly addresses?: readonly Addr[];
  /** Where a pod that has such an address answers. */
  readonly port?: number;
}

/** Which process made it, so that what one that was killed has left is known. */
const prefix = "headcni-test-";
const netnsDir = "/run/netns";
const timeoutMs = 30_000;

/**
 * Makes it; disposing takes it away again, as far as it has come. What an earlier test left that was killed goes first.
 * @throws HeadcniError HC_CONNECTIVITY when a plugin refuses, saying what it said
 */
export async function makeTestPod(system: System, options: TestPodOptions): Promise<TestPod> {
  for (const left of leftPods(system)) await removePod(system, left, options);
  for (const left of await leftOwners(system, options)) await detachPod(system, left, options);
  const name = `${prefix}${processId}-${Math.floor(system.random() * 0xffff).toString(16)}`;
  await ip(system, ["netns", "add", name]);
  try {
    await ip(system, ["-netns", name, "link", "set", "lo", "up"]);
    let result: JsonObject | undefined;
    for (const plugin of pluginsOf(options.conflist)) {
      result = (await call(system, { command: "ADD", name, plugin, prevResult: result, ...options })) ?? result;
    }
    return {
      name,
      netns: join(netnsDir, name),
      addresses: addressesIn(result),
      [Symbol.asyncDispose]: () => removePod(system, name, options),
    };
  } catch (error) {
    await removePod(system, name, options);
    throw error;
  }
}

/** Pods of tests whose process has ended without taking them away. */
function leftPods({ files }: System): readonly string[] {
  const names = (files.list(netnsDir) ?? []).filter((name) => name.startsWith(prefix));
  return names.filter((name) => !isProcess(name.slice(prefix.length).split("-")[0] ?? ""));
}

/** Those that have left no more than their leases of the addresses: they were killed with the container they ran in. */
async function leftOwners(system: System, { addresses = [], port = 0 }: TestPodOptions): Promise<readonly string[]> {
  // A pod that takes any address is in no other one's way.
  if (addresses.length === 0) return [];
  const owners: string[] = [];
  for (const { addr, owner } of readLeases(system.files, leaseDir)) {
    if (!owner?.containerId.startsWith(prefix) || !addresses.some((wanted) => wanted.equals(addr))) continue;
    const to = addr.toString();
    const from = addr.family === "ipv4" ? "0.0.0.0" : "::";
    const answer = await system.tryConnect({ from, to, port, timeoutMs: 1000 }, AbortSignal.timeout(2000));
    if (answer.kind === "answered" && !answer.isRefused) throw failed(`another one answers on ${to} of this node`);
    owners.push(owner.containerId);
  }
  return owners;
}

async function removePod(system: System, name: string, options: TestPodOptions): Promise<void> {
  await detachPod(system, name, options);
  await ip(system, ["netns", "del", name]);
}

async function detachPod(system: System, name: string, options: TestPodOptions): Promise<void> {
  for (const plugin of pluginsOf(options.conflist).toReversed()) {
    try {
      await call(system, { command: "DEL", name, plugin, prevResult: undefined, ...options });
    } catch (error) {
      // The others have something to take away all the same.
      expected(error);
      system.log.warn("TestPodNotRemoved", error.message);
    }
  }
}

interface Plugin {
  readonly type: string;
  readonly config: JsonObject;
}

function pluginsOf(conflist: string): readonly Plugin[] {
  const parsed = parseConflist(conflist);
  if (parsed.kind === "problem") throw failed(`the conflist ${parsed.problem.message}`);
  const { cniVersion, name } = parsed.json;
  return pluginEntries(parsed.json).map(({ type, entry }) => ({ type, config: { ...entry, cniVersion, name } }));
}

interface Call extends TestPodOptions {
  readonly command: "ADD" | "DEL";
  readonly name: string;
  readonly plugin: Plugin;
  readonly prevResult: JsonObject | undefined;
}

async function call(
  system: System,
  { command, name, plugin, prevResult, binDir, addresses = [] }: Call,
): Promise<JsonObject | undefined> {
  const { files, exec } = system;
  const dir = files.hostPath(binDir);
  const { exitCode, stdout, stderr } = await exec.run([files.hostPath(join(binDir, plugin.type))], {
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: name,
      CNI_NETNS: join(netnsDir, name),
      CNI_IFNAME: "eth0",
      CNI_PATH: dir,
      PATH: system.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    },
    stdin: JSON.stringify({
      ...plugin.config,
      ...(prevResult === undefined ? {} : { prevResult }),
      ...(addresses.length === 0 ? {} : { args: { cni: { ips: addresses.map(String) } } }),
    }),
    timeoutMs,
    killsLeftovers: true,
  });
  const answer = tryParseJsonObject(stdout);
  if (exitCode === 0) return answer;
  const said =
    typeof answer?.msg === "string" ? answer.msg : stderr.trim().split("\n", 1)[0] || `exit code ${exitCode}`;
  throw failed(`${plugin.type} refused ${command}: ${said}`);
}

function addressesIn(result: JsonObject | undefined): readonly Addr[] {
  const ips = Array.isArray(result?.ips) ? result.ips.filter(isJsonObject) : [];
  return ips.flatMap(({ address }) => tryParseAddr(String(address).split("/")[0] ?? "") ?? []);
}

async function ip(system: System, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await system.exec.run(["ip", ...args], { timeoutMs: 5000 });
  if (exitCode !== 0) throw failed(`ip ${args.join(" ")} failed: ${stderr.trim().split("\n", 1)[0] || "no message"}`);
}

function failed(why: string): HeadcniError {
  return new HeadcniError("HC_CONNECTIVITY", `Cannot make a pod to test with: ${why}`, {
    hint: "run it as root, on a node whose headcni doctor shows no failed check of conflist and plugins",
  });
}
