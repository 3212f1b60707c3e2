// The command lines of the node's programs as sources: what stands in each of the files they were put together from, and in /proc for a
// process that runs. A value that does not count any longer is none of them.

import type { ControlPlaneProgram, NodePrograms } from "../../programs/node-programs.ts";
import type { GivenSetting, Setting } from "../../programs/program-settings.ts";
import type { RancherSettings } from "../../programs/rancher-settings.ts";
import { stateFlag, statePassedOn } from "../readers/flags.ts";
import { isPassedOn } from "../readers/vocabulary.ts";
import { Statements } from "../statements.ts";

/** A program's command line, for the table of sources. */
export interface CommandLine {
  /** For the docs, in Markdown. */
  readonly title: string;
  readonly given: readonly GivenSetting[];
  /** The files it was read from, there or not. */
  readonly files: readonly string[];
}

/** What k3s or RKE2 were told outside their configuration files. */
export function rancherCommand({ name, settings, files }: RancherSettings): CommandLine {
  const given = settings.names.map((flag): GivenSetting => {
    const values = settings.all(flag).filter(({ file }) => files.includes(file));
    return { name: flag, values };
  });
  const title = `the command line of ${name === "k3s" ? "k3s" : "RKE2"}: its units with drop-ins and \`EnvironmentFile\`, \`/etc/init.d\`, else a process that runs on this node`;
  return { title, given, files };
}

/** What a program of the control plane was told outside its manifest. */
export function controlPlaneCommand({ controlPlane }: NodePrograms, name: ControlPlaneProgram): CommandLine {
  const title = `the command line of \`${name}\`: its unit, else a process that runs on this node`;
  return { title, ...controlPlane[name] };
}

/** The statements of a command line, by the file each stands in, in the order of the flags. */
export function statementsByFile({ given }: CommandLine): ReadonlyMap<string, Statements> {
  const found = new Map<string, Statements>();
  for (const { name, values } of given) {
    for (const setting of values) {
      const statements = found.get(setting.file) ?? new Statements();
      found.set(setting.file, statements);
      state(statements, name, setting);
    }
  }
  return found;
}

/** The command line of a process is one line. */
function state(statements: Statements, name: string, { value, line = 1 }: Setting): void {
  if (isPassedOn(name)) statePassedOn(statements, name, { text: value.replace(/^--/, ""), line });
  else stateFlag(statements, name, { text: value, line });
}
