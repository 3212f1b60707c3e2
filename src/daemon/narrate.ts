// What the log tells of a pass beside conditions: each fact once, when it is new.

import type { LoadedConfig } from "../config/config.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import type { Log } from "../sys/log.ts";
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

/** Which file the configuration came from when that changes, and each of its warnings once. */
export function logConfig(log: Log, loaded: LoadedConfig, last: LoadedConfig | undefined): void {
  if (last === undefined || last.file !== loaded.file) {
    log.info(loaded.file === undefined ? "No configuration file: defaults" : `Configuration from ${loaded.file}`);
  }
  const known = new Set(last?.warnings.map(({ path, message }) => `${path} ${message}`));
  for (const { path, message, file, line } of loaded.warnings) {
    if (!known.has(`${path} ${message}`)) log.warn(`Configuration: ${path} ${message}`, { file, line });
  }
}
