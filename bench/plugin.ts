// The `headcni` plugin beside the bridge plugin it calls: the same configuration, the same namespaces, in turn. Runs inside a
// node made by run.ts.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { conflistPath, headcni, headcniDaemon } from "../test/harness/headcni.ts";
import { kubeadmFiles } from "../test/harness/kubeadm.ts";
import { checkout } from "../test/harness/node.ts";
import { peakBytes } from "./peak.ts";
import { mebibytes, ms, ratio, type Table } from "./report.ts";
import { type Case, interleave, median, percentile, type Run, runOnce } from "./sample.ts";

export interface PluginBenchOptions {
  readonly rounds: number;
}

const plugins = ["bridge", "headcni"] as const;
type Plugin = (typeof plugins)[number];
const binDir = "/opt/cni/bin";
/**
 * Both from the disk, as on a real node. The daemon's copy in binDir lies in this node's memory and starts 2 ms later: the
 * kernel maps a file in tmpfs page by page.
 */
const programs: Readonly<Record<Plugin, string>> = { bridge: "/usr/lib/cni/bridge", headcni };
/** Compiled as ours is, and does nothing. */
export const emptyProgram = `${checkout}/.cache/bench/empty`;
const atOnce = 20;

/** Configuration by plugin, as a runtime passes it on standard input. */
type Configs = Readonly<Record<Plugin, string>>;

export async function benchPlugin({ rounds }: PluginBenchOptions): Promise<Table[]> {
  for (let index = 0; index < atOnce; index++) must(["ip", "netns", "add", `pod-${index}`]);
  const tables = [await versionTable(rounds)];
  for (const masquerade of ["bridge", "none"] as const) {
    const configs = prepareNode(masquerade);
    const one = await oneByOne(configs, rounds);
    const many = await allAtOnce(configs, Math.ceil(rounds / 5));
    tables.push(callTable(masquerade === "bridge", [...one, ...many]));
  }
  return tables;
}

/** What is measured of one way to call: its name and its runs by plugin. */
interface Series {
  readonly name: string;
  readonly runs: Readonly<Record<Plugin, readonly Run[]>>;
  /** Bytes. */
  readonly peaks: Readonly<Record<Plugin, number>>;
}

async function versionTable(rounds: number): Promise<Table> {
  prepareNode("bridge");
  const cases = plugins.map((plugin) => ({
    name: plugin,
    argv: [programs[plugin]],
    env: { CNI_COMMAND: "VERSION" },
    stdin: '{"cniVersion":"1.0.0"}',
  }));
  const empty: Case = { name: "empty", argv: [emptyProgram] };
  const runs = await interleave([...cases, empty], rounds * 2);
  const peaks = { bridge: 0, headcni: 0 };
  for (const each of cases) peaks[each.name] = await peakBytes(each);
  const rows = rowsOf({
    name: "VERSION",
    runs: { bridge: runs.get("bridge") ?? [], headcni: runs.get("headcni") ?? [] },
    peaks,
  });
  const floor = rowOf("nothing at all", "empty program", {
    times: (runs.get(empty.name) ?? []).map((run) => run.ms),
    yardstick: (runs.get("bridge") ?? []).map((run) => run.ms),
    failed: 0,
    peak: await peakBytes(empty),
  });
  return {
    title: "Start of the plugin",
    text: `VERSION, milliseconds. Aim: under 3x bridge at the median. The last row is a program compiled as ours is that does nothing:
what no call through a plugin of this kind can go below.`,
    columns,
    rows: [...rows, floor],
  };
}

const columns = ["call", "plugin", "min", "p50", "p95", "p99", "p50 ratio", "p99 ratio", "failed", "peak MiB"];

function callTable(ipMasq: boolean, series: readonly Series[]): Table {
  return {
    title: `ADD and DEL, ipMasq ${ipMasq}`,
    text: `Milliseconds a call, bridge directly and through headcni in turn; the peak is of the largest process of a call.
Aims: one by one, ADD p50 at most 1.25x; ${atOnce} at once, no failure and p99 at most 1.5x.`,
    columns,
    rows: series.flatMap(rowsOf),
  };
}

function rowsOf({ name, runs, peaks }: Series): string[][] {
  const times = (plugin: Plugin): number[] => runs[plugin].map((run) => run.ms);
  return plugins.map((plugin) =>
    rowOf(name, plugin, {
      times: times(plugin),
      yardstick: times("bridge"),
      failed: runs[plugin].filter((run) => run.failure !== undefined).length,
      peak: peaks[plugin],
    }),
  );
}

interface Measured {
  /** Milliseconds. */
  readonly times: readonly number[];
  readonly yardstick: readonly number[];
  readonly failed: number;
  /** Bytes. */
  readonly peak: number;
}

function rowOf(call: string, plugin: string, { times, yardstick, failed, peak }: Measured): string[] {
  return [
    call,
    plugin,
    ms(Math.min(...times)),
    ms(median(times)),
    ms(percentile(times, 0.95)),
    ms(percentile(times, 0.99)),
    ratio(median(times), median(yardstick)),
    ratio(percentile(times, 0.99), percentile(yardstick, 0.99)),
    String(failed),
    mebibytes(peak),
  ];
}

/** Writes the node's files and lets the daemon install plugin and state. Gives what a runtime would pass to each plugin. */
function prepareNode(masquerade: "bridge" | "none"): Configs {
  for (const [path, content] of Object.entries(kubeadmFiles({ podCIDR: "10.244.1.0/24" }))) write(path, content);
  const config = (type: string): string => `network:\n  masquerade: ${masquerade}\ncni:\n  type: ${type}\n`;
  const configs: Partial<Record<Plugin, string>> = {};
  for (const plugin of plugins) {
    write("/etc/headcni/config.yaml", config(plugin));
    must([headcniDaemon, "--once"]);
    const { cniVersion, name, plugins: entries } = JSON.parse(readFileSync(conflistPath, "utf8"));
    if (entries[0].type !== plugin)
      throw new Error(`The daemon did not write a conflist of type ${plugin}: see its log`);
    configs[plugin] = JSON.stringify({ cniVersion, name, ...entries[0] });
  }
  return { bridge: configs.bridge ?? "", headcni: configs.headcni ?? "" };
}

async function oneByOne(configs: Configs, rounds: number): Promise<Series[]> {
  const runs = emptyRuns();
  for (let round = 0; round < rounds; round++) {
    for (const plugin of inTurn(round)) {
      const call = (command: string): Case =>
        callCase(plugin, { command, config: configs[plugin], index: 0, id: `one-${plugin}-${round}` });
      runs.ADD[plugin].push(await runOnce(call("ADD")));
      runs.DEL[plugin].push(await runOnce(call("DEL")));
    }
  }
  return series("one by one", runs, await callPeaks(configs));
}

async function allAtOnce(configs: Configs, rounds: number): Promise<Series[]> {
  const runs = emptyRuns();
  const indexes = Array.from({ length: atOnce }, (_, index) => index);
  for (let round = 0; round < rounds; round++) {
    for (const plugin of inTurn(round)) {
      for (const command of ["ADD", "DEL"] as const) {
        const calls = indexes.map((index) =>
          runOnce(
            callCase(plugin, { command, config: configs[plugin], index, id: `many-${plugin}-${round}-${index}` }),
          ),
        );
        runs[command][plugin].push(...(await Promise.all(calls)));
      }
    }
  }
  return series(`${atOnce} at once`, runs, await callPeaks(configs));
}

type Runs = Record<"ADD" | "DEL", Record<Plugin, Run[]>>;

function emptyRuns(): Runs {
  return { ADD: { bridge: [], headcni: [] }, DEL: { bridge: [], headcni: [] } };
}

type Peaks = Record<"ADD" | "DEL", Record<Plugin, number>>;

async function callPeaks(configs: Configs): Promise<Peaks> {
  const peaks: Peaks = { ADD: { bridge: 0, headcni: 0 }, DEL: { bridge: 0, headcni: 0 } };
  for (const plugin of plugins) {
    for (const command of ["ADD", "DEL"] as const) {
      const call = callCase(plugin, { command, config: configs[plugin], index: 0, id: `peak-${plugin}` });
      peaks[command][plugin] = await peakBytes(call);
    }
  }
  return peaks;
}

function series(how: string, runs: Runs, peaks: Peaks): Series[] {
  return (["ADD", "DEL"] as const).map((command) => ({
    name: `${command}, ${how}`,
    runs: runs[command],
    peaks: peaks[command],
  }));
}

/** Who goes first changes each round. */
function inTurn(round: number): readonly Plugin[] {
  return round % 2 === 0 ? plugins : [...plugins].reverse();
}

interface Call {
  readonly command: string;
  readonly config: string;
  /** Number of the pod's namespace. */
  readonly index: number;
  readonly id: string;
}

function callCase(plugin: Plugin, { command, config, index, id }: Call): Case {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: `/run/netns/pod-${index}`,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
  };
  return { name: `${plugin} ${command}`, argv: [programs[plugin]], env, stdin: config };
}

function must(argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr}`);
}

function write(path: string, content: string): void {
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, content);
}
