// What may stand next on a command line, from the command tree: the shells' completions ask `headcni __complete`. Pure.

import type { Command, Option } from "commander";

interface Candidate {
  readonly word: string;
  readonly about: string;
}

/**
 * Candidates for the last word; none where a file or a text of one's own belongs, for which the shell has its own ways.
 * @param words as the shell cut them: the program's name first, the word at the cursor last, maybe empty
 */
export function complete(program: Command, words: readonly string[]): readonly Candidate[] {
  const { before, last } = cut(words);
  let command = startOf(program, words[0] ?? "");
  let waiting: Option | undefined;
  for (const word of before) {
    if (waiting !== undefined) waiting = undefined;
    else if (word === "--") return [];
    else if (word.startsWith("-")) waiting = optionWithValue(command, word);
    else command = command.commands.find((child) => child.name() === word) ?? command;
  }
  const candidates = waiting === undefined ? wordsOf(command, last) : choicesOf(waiting);
  return candidates.filter(({ word }) => word.startsWith(last));
}

/** bash gives `--output=js` as three words. */
function cut(words: readonly string[]): { readonly before: readonly string[]; readonly last: string } {
  const typed = words.slice(1);
  const end = typed.at(-1) ?? "";
  return {
    before: typed.slice(0, -1).filter((word, at) => word !== "=" && !(word === "help" && at === 0)),
    last: end === "=" ? "" : end,
  };
}

function startOf(program: Command, calledAs: string): Command {
  const isDaemon = calledAs.slice(calledAs.lastIndexOf("/") + 1).startsWith("headcni-daemon");
  return (isDaemon ? program.commands.find((child) => child.name() === "daemon") : undefined) ?? program;
}

function optionWithValue(command: Command, word: string): Option | undefined {
  return command.options.find((option) => option.required && (option.long === word || option.short === word));
}

function choicesOf({ argChoices = [] }: Option): readonly Candidate[] {
  return argChoices.map((word) => ({ word, about: "" }));
}

/** Flags once a dash is there; until then commands and what the first argument may be. */
function wordsOf(command: Command, last: string): readonly Candidate[] {
  if (last.startsWith("-")) return flagsOf(command);
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return [
    ...command.commands.map((child) => ({ word: child.name(), about: child.description() })),
    ...choices.map((word) => ({ word, about: "" })),
  ];
}

function flagsOf(command: Command): readonly Candidate[] {
  const flags = command.options.map(({ long, short, description }) => ({
    word: long ?? short ?? "",
    about: description,
  }));
  return [...flags, { word: "--help", about: "print help" }];
}
