// The command line that OpenRC would give a service (openrc-run(8)): `command` and `command_args` of /etc/init.d/NAME and /etc/conf.d/NAME.
// Both are shell scripts, which are read and not run: assignments count, also over lines, with the variables in them that were assigned
// before, and files that are taken in with `. FILE`. What would have to be evaluated stays as it is written.

import type { System } from "../sys/system.ts";
import { readEnvironmentFile, readLines } from "./environment-file.ts";
import { kindOf } from "./look.ts";
import type { ServiceCommand } from "./service-command.ts";
import { readShellWords, unquote, type Word } from "./word.ts";

/** Undefined without such a service. */
export function readOpenrcService(system: System, name: string): ServiceCommand | undefined {
  const script = `/etc/init.d/${name}`;
  const settings = `/etc/conf.d/${name}`;
  if (kindOf(system, script) !== "file") return undefined;
  const sourced = sourcedFiles(system, script);
  const itself = [{ text: name, file: script, line: undefined }];
  const assigned = new Map<string, readonly Word[]>([
    ["RC_SVCNAME", itself],
    ["SVCNAME", itself],
  ]);
  // The script is read after its settings, and sets anew what it sets without a condition.
  for (const file of [settings, ...sourced, script]) {
    for (const { key, isQuoted, ...text } of assignments(system, file)) {
      const words = readShellWords(text, { known: (variable) => assigned.get(variable), isQuoted });
      assigned.set(
        key,
        words.filter((word) => !isRedirection(word)),
      );
    }
  }
  const words = ["command", "command_args"].flatMap((key) => assigned.get(key) ?? []);
  const env = new Map([settings, ...sourced].flatMap((file) => [...readEnvironmentFile(system, file)]));
  return { words, env, files: [settings, script, ...sourced] };
}

interface Assignment extends Word {
  readonly key: string;
  /** In double quotes. */
  readonly isQuoted: boolean;
}

/** The assignments of a script, the quotes round a value taken away; one over lines has its line breaks in it. */
function assignments(system: System, file: string): readonly Assignment[] {
  const found: Assignment[] = [];
  let open: { readonly key: string; readonly quote: string; readonly line: number; readonly text: string } | undefined;
  for (const { text, line } of readLines(system, file)) {
    if (open === undefined) {
      const [, key, quote = "", value = ""] = /^\s*(?:export\s+)?(\w+)=(["']?)(.*)$/.exec(text) ?? [];
      if (key === undefined) continue;
      open = { key, quote, line, text: value };
    } else open = { ...open, text: `${open.text}\n${text}` };
    const end = endOf(open);
    if (end === undefined) continue;
    const value = open.text.slice(0, end).replaceAll("\\\n", "\n");
    const isQuoted = open.quote === '"';
    found.push({
      key: open.key,
      text: isQuoted ? value.replaceAll('\\"', '"') : value,
      file,
      line: open.line,
      isQuoted,
    });
    open = undefined;
  }
  return found;
}

/** Where a value ends; undefined for one that goes on in the next line. */
function endOf({ quote, text }: { readonly quote: string; readonly text: string }): number | undefined {
  if (quote === "") return /^(?:\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`|\\.|"[^"]*"|'[^']*'|[^\s;\\])*/.exec(text)?.[0].length;
  const end = quote === "'" ? text.indexOf("'") : text.search(/(?<!\\)"/);
  return end < 0 ? undefined : end;
}

function isRedirection({ text }: Word): boolean {
  return /^\d*[<>]/.test(text);
}

function sourcedFiles(system: System, script: string): readonly string[] {
  return readLines(system, script).flatMap(({ text }) => {
    const path = /(?:^|[;\s])(?:\.|source)\s+(\/[^\s;]+)/.exec(text)?.[1];
    return path === undefined ? [] : [unquote(path)];
  });
}
