// From a call to its answer. The one place where anything that goes wrong becomes the specification's JSON.

import { describeError } from "../sys/errors.ts";
import { CniError, cniCodes, errorJson } from "./cni-error.ts";
import { type Call, type Command, readEnvironment } from "./environment.ts";
import { type ConfigHead, decodeConfig, decodeHead } from "./network-config.ts";
import { type CniVersion, isAtLeast, isSupportedVersion, newestVersion, supportedVersions } from "./versions.ts";
import type { PluginOutput, PluginWorld } from "./world.ts";

/** A config with thousands of valid attachments stays far below; what is longer is no network config. */
const configLimits = { maxBytes: 4 << 20, timeoutMs: 10_000 } as const;
/** VERSION needs nothing of its input, and many who ask for it leave theirs open. */
const versionLimits = { maxBytes: 64 << 10, timeoutMs: 200 } as const;

/** The version of the specification that brought a command. */
const commandSince: Partial<Record<Command, CniVersion>> = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0" };

/** Answers one call. Never throws. */
export async function dispatch(world: PluginWorld): Promise<PluginOutput> {
  let cniVersion: string = newestVersion;
  try {
    const call = readEnvironment(world.env);
    if (call.command === "VERSION") return await answerVersion(world);
    const head = decodeHead(await readConfig(world));
    if (isSupportedVersion(head.cniVersion)) cniVersion = head.cniVersion;
    return await answer(world, call, head);
  } catch (error) {
    const known =
      error instanceof CniError
        ? error
        : new CniError(cniCodes.internal, `The plugin failed: ${describeError(error)}`, stackOf(error));
    return { exitCode: 1, stdout: `${JSON.stringify(errorJson(known, cniVersion))}\n` };
  }
}

async function answer(world: PluginWorld, call: Call, head: ConfigHead): Promise<PluginOutput> {
  const config = decodeConfig(head);
  const since = commandSince[call.command];
  if (since !== undefined && !isAtLeast(config.cniVersion, since)) {
    const details = `config is "${config.cniVersion}", ${call.command} came with ${since}`;
    throw new CniError(cniCodes.incompatibleVersion, `config version does not allow ${call.command}`, details);
  }
  const plugin = { call, config };
  switch (call.command) {
    case "ADD":
      return (await import("./add.ts")).add(world, plugin);
    case "DEL":
      return (await import("./del.ts")).del(world, plugin);
    case "CHECK":
      return (await import("./del.ts")).check(world, plugin);
    case "GC":
      return (await import("./gc.ts")).gc(world, plugin);
    case "STATUS":
      return (await import("./status.ts")).status(world, plugin);
    case "VERSION":
      return answerVersion(world);
  }
}

async function readConfig(world: PluginWorld): Promise<string> {
  const { ended, text, reason } = await world.readStdin(configLimits);
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

/** Answers in the version the question names, which is all its input is good for. */
async function answerVersion(world: PluginWorld): Promise<PluginOutput> {
  const { text } = await world.readStdin(versionLimits);
  const answer = { cniVersion: askedVersion(text) ?? newestVersion, supportedVersions };
  return { exitCode: 0, stdout: `${JSON.stringify(answer)}\n` };
}

function askedVersion(text: string): string | undefined {
  try {
    const asked: unknown = JSON.parse(text)?.cniVersion;
    return typeof asked === "string" && /^\d+(\.\d+){0,2}$/.test(asked) ? asked : undefined;
  } catch {
    // VERSION is to be answered whatever stands on standard input.
    return undefined;
  }
}

/** Where a fault of our own happened, in one line. */
function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack?.split("\n").slice(1, 4).join(" ").trim() : undefined;
}
