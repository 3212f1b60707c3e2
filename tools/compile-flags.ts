// How a program becomes one executable: the flags of `bun build` that the product and what it is measured against share.

export const compileFlags: readonly string[] = [
  "--compile",
  "--minify",
  "--format=esm",
  "--splitting",
  "--sourcemap",
  // Parse once, at build time: 20 ms instead of 53 to start with every library loaded.
  "--bytecode",
  "--reject-unresolved",
  // Libraries would otherwise carry the directory they were built in: another one is another executable. None reads a file there.
  "--define",
  '__dirname="/headcni"',
  "--define",
  '__filename="/headcni/main.js"',
  // A compiled program would otherwise run code from its working directory.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];
