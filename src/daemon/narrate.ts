// What the log tells of a pass beside conditions: each fact once, when it is new.

import type { LoadedConfig } from "../config/config.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import type { Log, LogFields, LogLevel } from "../sys/log/log.ts";
import { type HeldPodCIDR, sourceWords } from "./settle.ts";

/** What the chain answered and what is in force, which differ when pods or a lost source hold on to an older PodCIDR. */
export interface Told {
  readonly answer: PodCIDRAnswer;
  readonly inForce: HeldPodCIDR;
}

/** The PodCIDR line, with source, file and line, when it says something else than last time; warnings of the chain likewise. */
export function logPodCIDR(log: Log, told: Told, last: Told | undefined): void {
  const { answer, inForce } = told;
  for (const warning of answer.warnings) if (last?.answer.warnings.includes(warning) !== true) log.warn(warning);
  const sentence = podCIDRSentence(told);
  if (last !== undefined && sentence === podCIDRSentence(last)) return;
  const { podCIDRs, source, file, line } = inForce;
  log.info(sentence, {
    podCIDRs: podCIDRs.toJSON(),
    source,
    file,
    line,
    authoritative: source !== "hash" && source !== "default" && source !== undefined,
    clusterCIDRs: answer.clusterCIDRs.map(String),
    nodeName: answer.nodeName,
  });
}

function podCIDRSentence({ answer, inForce }: Told): string {
  const sentence = `PodCIDR ${inForce.podCIDRs} from ${sourceWords(inForce)}`;
  if (answer.podCIDRs.equals(inForce.podCIDRs)) return sentence;
  return `${sentence} stays; found now: ${answer.podCIDRs} from ${sourceWords(answer)}`;
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
