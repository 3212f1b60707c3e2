// What the log says of the node's name and PodCIDR beside conditions: each fact once, when it is new.

import { type NodeNameAnswer, nodeNameSentence } from "../node-name/node-name-answer.ts";
import { type Assignment, isGuess, type PodCIDRAnswer } from "../podcidr/answer.ts";
import type { Log } from "../sys/log/log.ts";
import { sourceWords } from "./adoption.ts";

/** What the chain answered and what is adopted, which differ when pods or a lost source hold on to an older PodCIDR. */
export interface Announced {
  readonly nodeName: NodeNameAnswer;
  readonly answer: PodCIDRAnswer;
  readonly effective: Assignment;
}

/** A line each for the node's name and its PodCIDR, with source, file and line, when it says something else than last time; warnings of the chain likewise. */
export function announcePodCIDR(log: Log, announced: Announced, last: Announced | undefined): void {
  const { nodeName, answer, effective } = announced;
  announceNodeName(log, nodeName, last?.nodeName);
  for (const warning of answer.warnings)
    if (last?.answer.warnings.includes(warning) !== true) log.warn("PodCIDRDoubted", warning);
  const sentence = podCIDRSentence(announced);
  if (last !== undefined && sentence === podCIDRSentence(last)) return;
  const { podCIDRs, source, file, line } = effective;
  log.info("PodCIDRFound", sentence, {
    podCIDRs: podCIDRs.toJSON(),
    source,
    file,
    line,
    authoritative: source !== undefined && !isGuess(source),
    clusterCIDRs: answer.clusterCIDRs.map(String),
    nodeName: answer.nodeName,
  });
}

function announceNodeName(log: Log, answer: NodeNameAnswer, last: NodeNameAnswer | undefined): void {
  const sentence = nodeNameSentence(answer);
  if (last !== undefined && sentence === nodeNameSentence(last)) return;
  const { name, from } = answer;
  log.info("NodeNameFound", sentence, { nodeName: name, from: from.source, file: from.file, line: from.line });
}

function podCIDRSentence({ answer, effective }: Announced): string {
  const sentence = `PodCIDR ${effective.podCIDRs} from ${sourceWords(effective)}`;
  if (answer.podCIDRs.equals(effective.podCIDRs)) return sentence;
  return `${sentence} stays; found now: ${answer.podCIDRs} from ${sourceWords(answer)}`;
}
