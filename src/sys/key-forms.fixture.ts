// Texts that hold a key, for tests that nothing of it is left.

/** How programs write a key into files, logs and command lines. */
export const keyForms: Readonly<Record<string, (key: string) => string>> = {
  "a line of environment": (key) => `K3S_TOKEN=${key}`,
  "a script": (key) => `export HEADSCALE_API_KEY='${key}'`,
  "a unit": (key) => `Environment="TS_AUTHKEY=${key}" NODE_NAME=n1`,
  YAML: (key) => `headscale:\n  apiKey: ${key}\n  url: https://hs.example.com`,
  "YAML in quotes": (key) => `  password: "${key}"`,
  "YAML in single quotes": (key) => `  - clientSecret: '${key}'`,
  "a block of YAML": (key) => `token: |\n  ${key}\n  more\nnext: 1`,
  "a folded block of YAML": (key) => `  passphrase: >-\n    ${key}\n  next: 1`,
  "a list of YAML": (key) => `tokens:\n  - first\n  - ${key}\nnext: 1`,
  "a comment": (key) => `# password: ${key}`,
  JSON: (key) => JSON.stringify({ name: "x", apiKey: key, n: 1 }),
  "pretty JSON": (key) => JSON.stringify({ name: "x", inner: { authToken: key } }, null, 2),
  "a list of JSON": (key) => JSON.stringify({ tokens: ["first", key] }),
  "JSON in a line of a log": (key) => JSON.stringify({ level: "info", msg: JSON.stringify({ password: key }) }),
  "a line of a log": (key) =>
    `Jan 01 node-1 headcni[1]: {"level":"warn","msg":"refused","authKey":${JSON.stringify(key)}}`,
  "a header": (key) => `X-Api-Key: ${key}`,
  "a cookie": (key) => `Cookie: session=${key}; path=/`,
  "a flag": (key) => `tailscale up --auth-key=${key} --accept-routes`,
  "the word after a flag": (key) => `k3s agent --token ${key} --server https://10.0.0.1:6443`,
  "a URL's query": (key) => `GET https://hs.example.com/register?authkey=${key}&x=1`,
  "a URL's user": (key) => `https://admin:${key}@hs.example.com/`,
  netrc: (key) => `machine hs.example.com login me password ${key}`,
  WireGuard: (key) => `[Interface]\nPrivateKey = ${key}\n`,
};
/** In one word everywhere, of more than one where a form has quotes or a line for it. */
export const formsOfOneWord = [
  "a unit",
  "a flag",
  "the word after a flag",
  "a URL's query",
  "a URL's user",
  "netrc",
  "a cookie",
];
