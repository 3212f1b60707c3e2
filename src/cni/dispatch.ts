// From a call to its answer. The one place where anything that goes wrong becomes the specification's JSON.

import { type CniVersion, isAtLeast, isSupportedVersion, newestVersion } from "../spec/versions.ts";
import { describeError } from "../sys/errors.ts";
import { CniError, cniCodes, errorJson } from "./cni-error.ts";
import { add } from "./commands/add.ts";
import { check, del } from "./commands/del.ts";
import { answerVersion } from "./commands/version-command.ts";
import type { PluginCall } from "./delegate/call-delegate.ts";
import { type Command, readEnvironment } from "./environment.ts";
import { decodeConfig, decodeHead } from "./network-config.ts";
import type { PluginOutput, PluginSystem } from "./plugin-system.ts";

/** A config with thousands of valid attachments stays far below; what is longer is no network config. */
const configLimits = { maxBytes: 4 << 20, timeoutMs: 5000 } as const;

type NetworkCommand = Exclude<Command, "VERSION">;

/** The version of the specification that brought a command. */
const commandSince: Partial<Record<NetworkCommand, CniVersion>> = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0" };

/** Answers one call. Never throws. */
export async function dispatch(system: PluginSystem): Promise<PluginOutput> {
  let cniVersion: string = newestVersion;
  try {
    const call = readEnvironment(system.env);
    const { command } = call;
    if (command === "VERSION") return { exitCode: 0, stdout: await answerVersion(system.readStdin) };
    const head = decodeHead(await readConfig(system));
    if (isSupportedVersion(head.cniVersion)) cniVersion = head.cniVersion;
    const config = decodeConfig(head);
    refuseTooOld(command, config.cniVersion);
    const handler = await load(command);
    return await handler(system, { call, config });
  } catch (error) {
    const known =
      error instanceof CniError
        ? error
        : new CniError(cniCodes.internal, `The plugin failed: ${describeError(error)}`, stackOf(error));
    return { exitCode: 1, stdout: `${JSON.stringify(errorJson(known, cniVersion))}\n` };
  }
}

type Handler = (system: PluginSystem, plugin: PluginCall) => Promise<PluginOutput>;

/** What is called for each pod is here already; each further load would be a millisecond of every ADD. */
async function load(command: NetworkCommand): Promise<Handler> {
  switch (command) {
    case "ADD":
      return add;
    case "DEL":
      return del;
    case "CHECK":
      return check;
    case "GC":
      return (await import("./commands/gc.ts")).gc;
    case "STATUS":
      return (await import("./commands/status.ts")).status;
  }
}

function refuseTooOld(command: NetworkCommand, cniVersion: CniVersion): void {
  const since = commandSince[command];
  if (since === undefined || isAtLeast(cniVersion, since)) return;
  const details = `config is "${cniVersion}", ${command} came with ${since}`;
  throw new CniError(cniCodes.incompatibleVersion, `config version does not allow ${command}`, details);
}

async function readConfig(system: PluginSystem): Promise<string> {
  const { ended, text, reason } = await system.readStdin(configLimits);
  switch (ended) {
    case "end":
      return text;
    case "too-large": {
      const message = `Cannot decode the network config: it is larger than ${configLimits.maxBytes} bytes`;
      throw new CniError(cniCodes.cannotDecode, message);
    }
    case "timeout": {
      const message = `Cannot read the network config: standard input was not closed within ${configLimits.timeoutMs / 1000} s`;
      throw new CniError(cniCodes.ioFailure, message);
    }
    case "failed":
      throw new CniError(cniCodes.ioFailure, `Cannot read the network config from standard input: ${reason ?? ""}`);
  }
}

/** Where a fault of our own happened, in one line. */
function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack?.split("\n").slice(1, 4).join(" ").trim() : undefined;
}
