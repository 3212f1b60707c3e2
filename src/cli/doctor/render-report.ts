// The doctor's report for a person: the groups, each check on a line, under it what is wrong and what mends it. Pure.

import { groups } from "../../doctor/check.ts";
import type { CheckDocument, CheckStatus, DoctorDocument, FaultDocument } from "../../doctor/run-checks.ts";
import { printable } from "../../sys/log/printable.ts";
import type { Colour, Terminal } from "../terminal/terminal.ts";
import { wrap } from "../terminal/wrap.ts";

const shown: Readonly<Record<CheckStatus, { readonly word: string; readonly colour: Colour }>> = {
  ok: { word: "ok", colour: "green" },
  warning: { word: "warning", colour: "yellow" },
  failed: { word: "failed", colour: "red" },
  "not-checked": { word: "not checked", colour: "dim" },
};
/** As wide as the longest word, and a space on both sides. */
const indent = " ".repeat(15);

export function renderReport(report: DoctorDocument, terminal: Terminal): string {
  const sections = Object.entries(groups).flatMap(([group, title]) => {
    const checks = report.checks.filter((check) => check.group === group);
    return checks.length === 0 ? [] : [section(title, checks, terminal)];
  });
  return `${sections.join("\n")}\n${summary(report)}\n`;
}

function section(title: string, checks: readonly CheckDocument[], terminal: Terminal): string {
  return `${terminal.paint("bold", title)}\n${checks.map((check) => checkLines(check, terminal)).join("")}`;
}

function checkLines({ status, title, evidence, faults }: CheckDocument, terminal: Terminal): string {
  const { word, colour } = shown[status];
  const head = `  ${terminal.paint(colour, word)}${" ".repeat(indent.length - 2 - word.length)}`;
  const text = evidence === null ? title : `${title}: ${evidence}`;
  const [first = "", ...rest] = broken(text, terminal, indent.length);
  const lines = [`${head}${first}`, ...rest.map((line) => `${indent}${line}`)];
  return `${[...lines, ...faults.flatMap((fault) => faultLines(fault, terminal))].join("\n")}\n`;
}

function faultLines({ code, evidence, remedy }: FaultDocument, terminal: Terminal): readonly string[] {
  const what = broken(`${code}: ${evidence}`, terminal, indent.length + 2);
  // A command is copied whole.
  return [...what.map((line) => `${indent}  ${line}`), `${indent}  → ${printable(remedy)}`];
}

function broken(text: string, { columns }: Terminal, taken: number): readonly string[] {
  return wrap(printable(text), columns === undefined ? undefined : Math.max(20, columns - taken));
}

function summary({ counts, healthy }: DoctorDocument): string {
  const { ok, warning, failed, "not-checked": left } = counts;
  const words = `${failed} failed, ${warning} with a warning, ${ok} ok, ${left} not checked`;
  return healthy && warning === 0 ? `Nothing is wrong: ${words}` : words;
}
