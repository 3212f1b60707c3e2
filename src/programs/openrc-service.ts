// The command line that OpenRC would give a service (openrc-run(8)): `command` and `command_args` of /etc/init.d/NAME and /etc/conf.d/NAME.
// Both are shell scripts, which are read and not run: assignments of plain text count, also over lines, and files that are taken in with
// `. FILE`; what would have to be evaluated does not.

import type { System } from "../sys/system.ts";
import { readEnvironmentFile, readLines } from "./environment-file.ts";
import { kindOf } from "./look.ts";
import type { ServiceCommand } from "./service-command.ts";
import { splitWords, unquote, type Word } from "./word.ts";

/** Undefined without such a service. */
export function readOpenrcService(system: System, name: string): ServiceCommand | undefined {
  const script = `/etc/init.d/${name}`;
  const settings = `/etc/conf.d/${name}`;
  if (kindOf(system, script) !== "file") return undefined;
  // The script is read after its settings, and sets anew what it sets without a condition.
  const assigned = new Map([...assignments(system, settings), ...assignments(system, script)]);
  const words = ["command", "command_args"].flatMap((key) => assigned.get(key) ?? []);
  const sourced = sourcedFiles(system, script);
  const env = new Map([settings, ...sourced].flatMap((file) => [...readEnvironmentFile(system, file)]));
  return { words, env, files: [settings, script, ...sourced] };
}

/** The words of each assignment, with their lines. */
function assignments(system: System, file: string): ReadonlyMap<string, readonly Word[]> {
  const found = new Map<string, readonly Word[]>();
  let open: { readonly key: string; readonly quote: string; readonly words: Word[] } | undefined;
  for (const { text, line } of readLines(system, file)) {
    if (open !== undefined) {
      const end = text.indexOf(open.quote);
      open.words.push(...plainWords({ text: end < 0 ? text : text.slice(0, end), file, line }));
      if (end >= 0) open = undefined;
      continue;
    }
    const [, key, value] = /^\s*(?:export\s+)?(\w+)=(.*)$/.exec(text) ?? [];
    if (key === undefined || value === undefined) continue;
    const words: Word[] = [];
    found.set(key, words);
    const quote = /^["']/.exec(value)?.[0];
    const end = quote === undefined ? -1 : value.indexOf(quote, 1);
    if (quote === undefined) words.push(...plainWords({ text: value, file, line }));
    else words.push(...plainWords({ text: end < 0 ? value.slice(1) : value.slice(1, end), file, line }));
    if (quote !== undefined && end < 0) open = { key, quote, words };
  }
  return found;
}

/** Words that a shell would leave as they are; redirections, and what it would put something in for, are left out. */
function plainWords(word: Word): readonly Word[] {
  return splitWords({ ...word, text: word.text.replace(/\\$/, "") }).filter(({ text }) => !/[$`]|^\d*[<>]/.test(text));
}

function sourcedFiles(system: System, script: string): readonly string[] {
  return readLines(system, script).flatMap(({ text }) => {
    const path = /(?:^|[;\s])(?:\.|source)\s+(\/[^\s;]+)/.exec(text)?.[1];
    return path === undefined ? [] : [unquote(path)];
  });
}
