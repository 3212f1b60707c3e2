// What the log tells of a pass beside conditions: each fact once, when it is new.

import type { LoadedConfig } from "../config/config.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import type { Log, LogFields, LogLevel } from "../sys/log.ts";
import { sourceWords } from "./settle.ts";

/** The PodCIDR line, with source, file and line, when it says something else than last time; warnings of the chain likewise. */
export function logAnswer(log: Log, answer: PodCIDRAnswer, last: PodCIDRAnswer | undefined): void {
  for (const warning of answer.warnings) if (last?.warnings.includes(warning) !== true) log.warn(warning);
  const line = answerLine(answer);
  if (last !== undefined && line === answerLine(last)) return;
  log.info(line, {
    podCIDRs: answer.podCIDRs.map(String),
    source: answer.source,
    file: answer.file,
    line: answer.line,
    authoritative: answer.authoritative,
    clusterCIDRs: answer.clusterCIDRs.map(String),
    nodeName: answer.nodeName,
  });
}

function answerLine(answer: PodCIDRAnswer): string {
  return `PodCIDR ${answer.podCIDRs.join(", ")} from ${sourceWords(answer)}`;
}

/** Which file the configuration came from and which folders are the runtime's, when that changes; each warning once. */
export function logConfig(log: Log, loaded: LoadedConfig, last: LoadedConfig | undefined): void {
  const line = configLine(loaded);
  if (last === undefined || line !== configLine(last)) log.info(line);
  const known = new Set(last?.warnings.map(({ path, message }) => `${path} ${message}`));
  for (const { path, message, file, line: at } of loaded.warnings) {
    if (!known.has(`${path} ${message}`)) log.warn(`Configuration: ${path} ${message}`, { file, line: at });
  }
}

function configLine({ file, config }: LoadedConfig): string {
  const { confDir, binDir } = config.cni;
  return `Configuration: ${file ?? "no file, defaults"}; the runtime reads ${confDir} and takes plugins from ${binDir}`;
}

/** A log that says the same thing once: for code that looks again and again. */
export function sayingOnce(log: Log): Log {
  const said = new Set<string>();
  const once =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (said.has(message)) return;
      // Messages hold values of the node; a bound keeps a strange one from filling the memory.
      if (said.size >= 1000) said.clear();
      said.add(message);
      log[level](message, fields);
    };
  return { debug: once("debug"), info: once("info"), warn: once("warn"), error: once("error") };
}
