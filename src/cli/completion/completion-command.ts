// `headcni completion`: the scripts that have a shell complete command lines. They ask the program itself, so that they fit
// whatever version is installed.

import { Argument, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { addExamples } from "../options.ts";
import { complete } from "./complete.ts";

const bash = `# headcni's completion for bash: source it, or keep it as /etc/bash_completion.d/headcni.
_headcni() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -o default -F _headcni headcni headcni-daemon
`;

const zsh = `#compdef headcni headcni-daemon
# headcni's completion for zsh: source it after compinit, or keep it as _headcni in a folder of $fpath.
_headcni() {
  local -a found
  local word about
  while IFS=$'\\t' read -r word about; do
    found+=("\${word//:/\\\\:}:$about")
  done < <("\${words[1]}" __complete "\${(@)words[1,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe headcni found; else _files; fi
}
if [[ "\${funcstack[1]}" == _headcni ]]; then _headcni "$@"; else compdef _headcni headcni headcni-daemon; fi
`;

const fish = `# headcni's completion for fish: source it, or keep it as ~/.config/fish/completions/headcni.fish.
function __headcni_complete
  set -l before (commandline -opc)
  set -l last (commandline -ct)
  set -l found ($before[1] __complete $before "$last" 2>/dev/null)
  if set -q found[1]
    string join \\n $found
  else
    __fish_complete_path "$last"
  end
end
complete -c headcni -f -a '(__headcni_complete)'
complete -c headcni-daemon -f -a '(__headcni_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export function addCompletionCommand(program: Command, context: CliContext): void {
  const completion = program
    .command("completion")
    .description("print the script that has a shell complete headcni's command lines")
    .addArgument(new Argument("<shell>", "the shell: bash, zsh or fish").choices(Object.keys(scripts)))
    .action((shell: string) => context.print(scripts[shell] ?? ""));
  addExamples(completion, "source <(headcni completion bash)", "headcni completion fish | source");
}

/** Answers the scripts: a line for each candidate, with what it is after a tab. @param words as `complete` takes them */
export function printCandidates(context: CliContext, program: Command, words: readonly string[]): void {
  const lines = complete(program, words).map(({ word, about }) => (about === "" ? `${word}\n` : `${word}\t${about}\n`));
  if (lines.length > 0) context.print(lines.join(""));
}
