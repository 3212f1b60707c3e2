// The dataplane agent alone, in the network namespace it is started in, with inputs out of a file: what the daemon's other agents
// would publish. Reads the file again at SIGHUP; prints the conditions, its own log, and what it counts.
//   bun run-agent.ts run|once|clean INPUTS.json

import { createConditionStore } from "../../src/agent/condition-store.ts";
import { createLatest } from "../../src/agent/latest.ts";
import { parseAddr } from "../../src/cidr/addr.ts";
import { type PodCIDRs, parsePodCIDRs } from "../../src/cidr/pod-cidrs.ts";
import { parsePrefix } from "../../src/cidr/prefix.ts";
import type { LoadedConfig } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createDataplaneAgent, type DataplanePeers } from "../../src/dataplane/agent.ts";
import type { NodeRanges } from "../../src/dataplane/dataplane-plan.ts";

import type { LogLevel, LogMethod } from "../../src/sys/log/log.ts";
import { createSystem } from "../../src/sys/system.ts";
import type { ClaimsView } from "../../src/tailnet/claims-view.ts";
import type { TailnetDamage } from "../../src/tailnet/tailnet-damage.ts";
import type { AgentInputs } from "./nodes.ts";

const [mode = "", path = ""] = process.argv.slice(2);
const say =
  (level: LogLevel): LogMethod =>
  (_code, message, fields = {}) =>
    console.log(level, message, JSON.stringify(fields));
const log = { debug: () => undefined, info: say("info"), warn: say("warn"), error: say("error") };
const system = createSystem({ log });
const conditions = createConditionStore(system);
const config = createLatest<LoadedConfig | undefined>(undefined);
const assignment = createLatest<NodeRanges | undefined>(undefined);
const peers = createLatest<DataplanePeers | undefined>(undefined);
const damage = createLatest<TailnetDamage | undefined>(undefined);

async function readInputs(): Promise<void> {
  const inputs: AgentInputs = JSON.parse(new TextDecoder().decode(system.files.read(path)));
  config.set(await loadConfig(system));
  const podCIDRs = parsePodCIDRs(inputs.podCIDRs);
  const clusterCIDRs = (inputs.clusterCIDRs ?? []).map(parsePrefix);
  const current = { podCIDRs: parsePodCIDRs(inputs.current ?? inputs.podCIDRs) };
  assignment.set({ podCIDRs, clusterCIDRs, isGuess: false, current });
  const known = inputs.peers?.map(parsePrefix);
  const serving = [{ podCIDRs: known ?? [], addresses: (inputs.addresses ?? []).map(parseAddr) }];
  peers.set(known === undefined ? undefined : { podCIDRs: known, serving });
}

await readInputs();
const record = (kind: { readonly name: string }, value: number, labels = {}): void =>
  console.log("count", kind.name, value, JSON.stringify(labels));
const claims = createLatest<ClaimsView | undefined>(undefined);
const held = createLatest<PodCIDRs | undefined>(undefined);
const agent = createDataplaneAgent(system, { conditions, config, assignment, peers, damage, claims, held, record });
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
process.on("SIGHUP", () => {
  void readInputs().then(() => agent.wake("SIGHUP"));
});
const report = (): void => {
  const { lastReconcile, document } = agent.status();
  const codes = conditions.list().map(({ code }) => code);
  const texts = conditions.list().map(({ text }) => text);
  console.log(
    "step",
    JSON.stringify({ count: lastReconcile?.count ?? 0, codes, texts, document, damage: damage.value }),
  );
};
if (mode === "clean") await agent.cleanUp({ isDryRun: false });
else {
  await agent.once(stop.signal, Promise.resolve());
  report();
}
if (mode === "run") {
  let count = 0;
  const timer = setInterval(() => {
    const next = agent.status().lastReconcile?.count ?? 0;
    if (next !== count) report();
    count = next;
  }, 100);
  await agent.run(stop.signal, Promise.resolve());
  clearInterval(timer);
}
