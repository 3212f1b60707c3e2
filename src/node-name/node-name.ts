// What the cluster calls this node: the first place of the table that says a node's name, with what every other place says.

import { isNodeName, normalizeNodeName } from "../spec/node-name-rule.ts";
import { ConfigError } from "../sys/errors.ts";
import { type NodeNameAnswer, type NodeNameTrace, placeWords } from "./node-name-answer.ts";
import { nodeNamePlaces } from "./places.ts";
import type { NodeReadings, Place, PlaceReading } from "./readings.ts";

/**
 * The node's name, trimmed and in lower case as the kubelet makes it. A place the operator wrote for HeadCNI must be right; of the
 * others one that says no node's name is passed over, and is a doubt.
 * @throws ConfigError HC_NODE_NAME when what the operator wrote is no RFC 1123 subdomain of at most 253 characters, or no place says one.
 */
export function chooseNodeName(node: NodeReadings): Omit<NodeNameAnswer, "files"> {
  const asked = nodeNamePlaces(node.isThisMachine).map((place) => toAsked(place, place.read(node)));
  const used = asked.findIndex(({ trace }) => trace.outcome === "same");
  const refused = asked.findIndex(({ trace }) => trace.outcome === "invalid");
  const isOperators = asked[refused]?.trace.by === "operator" && (used < 0 || refused < used);
  const taken = asked[used];
  if (taken === undefined || isOperators) throw noName(asked.slice(0, used < 0 || isOperators ? undefined : used));
  const trace = asked.map(({ trace: entry, name }, at): NodeNameTrace => {
    if (entry.outcome !== "same") return entry;
    return { ...entry, outcome: at === used ? "used" : name === taken.name ? "same" : "other" };
  });
  const from = trace[used] ?? taken.trace;
  return {
    name: taken.name,
    from,
    trace,
    disagreements: disagreements(trace, from, node),
    doubts: doubts(asked, used),
  };
}

interface Asked {
  /** `same` for each that says a name, until it is known which is used. */
  readonly trace: NodeNameTrace;
  readonly name: string;
  readonly isDoubtful: boolean;
}

function toAsked({ source, by }: Place, reading: PlaceReading): Asked {
  if (reading.kind !== "said") {
    const { kind: outcome, reason, file } = reading;
    const line = reading.kind === "skipped" ? reading.line : undefined;
    const isDoubtful = reading.kind === "skipped" && reading.isDoubtful;
    return { trace: { source, by, file, line, outcome, reason }, name: "", isDoubtful };
  }
  const { value, file, line } = reading.written;
  const name = normalizeNodeName(value);
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  if (isNodeName(name))
    return { trace: { source, by, file, line, outcome: "same", name: shown }, name, isDoubtful: false };
  const reason = "is not a Kubernetes node name";
  return { trace: { source, by, file, line, outcome: "invalid", name: shown, reason }, name, isDoubtful: true };
}

/** Another name that the cluster may go by; of two of the host's, the one that counts from the next boot on. */
function disagreements(
  trace: readonly NodeNameTrace[],
  from: NodeNameTrace,
  node: NodeReadings,
): readonly NodeNameTrace[] {
  const isNext = from.by === "host" && node.isThisMachine;
  return trace.filter(({ outcome, by }) => outcome === "other" && (by === "cluster" || (by === "host" && isNext)));
}

function doubts(asked: readonly Asked[], used: number): readonly NodeNameTrace[] {
  return asked
    .slice(0, used)
    .filter(({ isDoubtful, trace }) => isDoubtful && trace.by === "cluster")
    .map(({ trace }) => trace);
}

function noName(asked: readonly Asked[]): ConfigError {
  const wrong = asked.filter(({ trace }) => trace.outcome === "invalid");
  const what = wrong
    .map(({ trace }) => `"${trace.name}" from ${placeWords(trace)} is not a Kubernetes node name`)
    .join(", and ");
  return new ConfigError(
    "HC_NODE_NAME",
    `Cannot tell this node's name: ${what === "" ? "no name is set anywhere" : what}`,
    [],
    {
      hint: "set --node-name or NODE_NAME to the name kubectl get nodes shows: lower-case letters, digits, - and .",
    },
  );
}
