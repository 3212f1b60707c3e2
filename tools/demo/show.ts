// How the demo speaks: numbered steps, the command a reader would type, what it printed. Colours on a terminal only.

import { styleText } from "node:util";

const isColoured = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";
let stepCount = 0;
/** Whether the last line is empty, so that paragraphs are parted by one line and not two. */
let hasGap = false;

function say(text: string): void {
  hasGap = text.endsWith("\n");
  console.log(text);
}

function style(format: "bold" | "dim" | "green" | "red", text: string): string {
  return isColoured ? styleText(format, text, { validateStream: false }) : text;
}

/** A numbered heading and what is about to be seen, in a sentence or two. */
export function step(title: string, explanation: string): void {
  stepCount += 1;
  say(`${hasGap ? "" : "\n"}${style("bold", `${stepCount}. ${title}`)}\n   ${explanation}\n`);
}

/** A command as it is typed on the node. */
export function command(text: string): void {
  say(`   ${style("bold", `$ ${text}`)}`);
}

/** What a command printed. */
export function output(text: string): void {
  const lines = text.trimEnd().split("\n");
  say(`${lines.map((line) => `   ${line}`.trimEnd()).join("\n")}\n`);
}

/** A remark beside the main line. */
export function note(text: string): void {
  say(`   ${style("dim", text)}`);
}

export function good(text: string): void {
  say(`   ${style("green", text)}`);
}

export function bad(text: string): void {
  say(`   ${style("red", text)}`);
}
