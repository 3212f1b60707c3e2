// Variables that a script or a unit sets to a range or a length: `POD_CIDR=10.1.0.0/16`, and further down `--cluster-cidr=$POD_CIDR`. Known
// is only what the text sets plainly, and to nothing else anywhere: nothing is run or evaluated. Pure.

/** A line that sets one variable and does nothing else. */
const plainAssignment =
  /^[ \t]*(?:(?:export|readonly|local)[ \t]+|Environment=)?(["']?)([A-Za-z_]\w*)=(["']?)([0-9A-Fa-f.:/,]{1,200})\3\1[ \t]*;?[ \t]*(?:#.*)?$/;
/** Whatever else may give a variable a value; not `X=$X`, which hands it on. */
const anyAssignment = /(?:^|[\s;&|("'])([A-Za-z_]\w*)\+?=(?!["']?\$\{?\1\b(?!:))/g;
const loopOrInput = /\b(?:for|read)((?:[ \t]+-?\w+)+)/g;

/** More are not looked at: what is put in must not make a text grow without bound. */
const maxVariables = 1000;
const maxInLine = 20;

const comment = /^[ \t]*[#;]/;

/**
 * The lines with the values of such variables put in.
 * @param isWanted whether a value is one of those to be known.
 */
export function withVariables(lines: readonly string[], isWanted: (value: string) => boolean): readonly string[] {
  const known = knownVariables(lines, isWanted);
  if (known.size === 0) return lines;
  const put = (written: string, plain?: string, braced = ""): string => known.get(plain ?? braced) ?? written;
  return lines.map((line) => {
    const marks = line.includes("$") ? line.split("$", maxInLine + 2).length - 1 : 0;
    return marks === 0 || marks > maxInLine ? line : line.replace(/\$(?:(\w+)|\{(\w+)\})/g, put);
  });
}

function knownVariables(lines: readonly string[], isWanted: (value: string) => boolean): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const said = lines.filter((line) => !comment.test(line));
  for (const line of said) {
    const { name, value } = assignmentIn(line);
    if (name !== "" && known.size < maxVariables && isWanted(value)) known.set(name, value);
  }
  if (known.size === 0) return known;
  for (const line of said) {
    const plain = assignmentIn(line);
    const isSame = known.get(plain.name) === plain.value;
    for (const name of namesSetIn(line)) if (name !== plain.name || !isSame) known.delete(name);
  }
  return known;
}

function assignmentIn(line: string): { readonly name: string; readonly value: string } {
  const [, , name = "", , value = ""] = (line.includes("=") ? plainAssignment.exec(line) : undefined) ?? [];
  return { name, value };
}

/** The variables that a line may give a value to. */
function namesSetIn(line: string): readonly string[] {
  const assigned = line.includes("=") ? [...line.matchAll(anyAssignment)].map(([, name = ""]) => name) : [];
  if (!line.includes("for") && !line.includes("read")) return assigned;
  return [...assigned, ...[...line.matchAll(loopOrInput)].flatMap(([, names = ""]) => names.trim().split(/[ \t]+/))];
}
