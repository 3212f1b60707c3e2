// Reads the places of a node's name from the node itself.

import type { LoadedConfig } from "../config/config.ts";
import { oneLook } from "../programs/kept-read.ts";
import { kubeletSettings } from "../programs/kubelet-settings.ts";
import { k3sSettings, rke2Settings } from "../programs/rancher-settings.ts";
import { expected } from "../sys/errors.ts";
import { machineHostname } from "../sys/hostname.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { readCertificateFile } from "./certificate.ts";
import { chooseNodeName } from "./node-name.ts";
import type { NodeNameAnswer } from "./node-name-answer.ts";
import type { NodeReadings, Written } from "./readings.ts";

export interface NodeNameOptions {
  /** `--node-name`. */
  readonly flag: string | undefined;
  readonly loaded: Pick<LoadedConfig, "config" | "origins">;
}

const settingsOf = { k3s: k3sSettings, rke2: rke2Settings, kubelet: kubeletSettings };

/**
 * What the cluster calls this node, by every place on it that says so.
 * @throws ConfigError HC_NODE_NAME when what the operator wrote is no node's name, or no place says one.
 */
export function resolveNodeName(system: System, { flag, loaded }: NodeNameOptions): NodeNameAnswer {
  const files = new Set<string>();
  const look = oneLook(system);
  const readings: NodeReadings = {
    flag,
    env: system.env.NODE_NAME,
    config: writtenInConfig(loaded),
    settings: (program) => {
      const { settings, files: read } = settingsOf[program](look);
      for (const file of read) files.add(file);
      return settings;
    },
    text: (path) => {
      files.add(path);
      return readText(system, path);
    },
    certificate: (path) => {
      files.add(path);
      return readCertificateFile(system.files, path);
    },
    kernelName: machineHostname,
    isThisMachine: system.files.root === "/",
    nowMs: system.clock.now(),
  };
  const answer = chooseNodeName(readings);
  // A process is no file to listen to.
  return { ...answer, files: [...files].filter((path) => !path.startsWith("/proc/")) };
}

function writtenInConfig({ config, origins }: NodeNameOptions["loaded"]): Written | undefined {
  if (config.nodeName === undefined) return undefined;
  const origin = origins.get("nodeName");
  return origin?.source === "file"
    ? { value: config.nodeName, file: origin.file, line: origin.line }
    : { value: config.nodeName };
}

/** Longer than any of these files is. */
const maxBytes = 1 << 20;

function readText({ files }: System, path: string): Result<string | undefined> {
  try {
    const bytes = files.readIfPresent(path, maxBytes);
    return ok(bytes === undefined ? undefined : new TextDecoder().decode(bytes));
  } catch (error) {
    expected(error);
    return fault(error.message.replace(/^.*?: /, "cannot be read: "));
  }
}
