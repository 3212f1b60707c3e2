// Files of variables, as systemd's EnvironmentFile and a shell's `.` take them: `NAME=value` a line, quoted or not.

import type { System } from "../sys/system.ts";
import { textIn } from "./look.ts";
import { unquote, type Word } from "./word.ts";

interface Line {
  readonly text: string;
  readonly line: number;
}

/** The variables of an environment file, by name; none when it cannot be read. */
export function readEnvironmentFile(system: System, file: string): ReadonlyMap<string, Word> {
  const env = new Map<string, Word>();
  for (const { text, line } of logicalLines(readLines(system, file))) {
    const [, name, value] = /^\s*(?:export\s+)?(\w+)=(.*)$/s.exec(text) ?? [];
    if (name !== undefined && value !== undefined) env.set(name, { text: unquote(value.trim()), file, line });
  }
  return env;
}

/** None for a file that is not there or cannot be read: what stands in it is then not known to anything here. */
export function readLines(system: System, file: string): readonly Line[] {
  const lines = (textIn(system, file) ?? "").split("\n");
  return lines.map((text, at) => ({ text: text.replace(/\r$/, ""), line: at + 1 }));
}

/** Lines that end in a backslash joined with the next, comments left out. */
function logicalLines(lines: readonly Line[]): readonly Line[] {
  const joined: Line[] = [];
  let open: Line | undefined;
  for (const { text, line } of lines) {
    if (open === undefined && /^\s*[#;]/.test(text)) continue;
    const whole: Line = open === undefined ? { text, line } : { text: open.text + text, line: open.line };
    open = whole.text.endsWith("\\") ? { ...whole, text: whole.text.slice(0, -1) } : undefined;
    if (open === undefined) joined.push(whole);
  }
  return open === undefined ? joined : [...joined, open];
}
