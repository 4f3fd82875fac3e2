// Runs every check that a module exports: run.mjs MODULE. It must need nothing from outside.
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const needs = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
if (needs.length > 0) {
  console.error(`the module needs from outside: ${needs.join(", ")}`);
  process.exit(1);
}
const checks = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
const failed = [];
for (const { name } of checks) {
  try {
    // Each in a module of its own: a trap leaves one as it is.
    new WebAssembly.Instance(module).exports[name]();
  } catch (error) {
    failed.push(name);
    console.error(`${name}: ${error.stack}`);
  }
}
const expected = ["assertion", "chain", "key_agreement", "lengths_that_wrap", "presence_codes", "revocation"];
const names = checks.map(({ name }) => name).sort();
if (names.join() !== expected.join()) {
  console.error(`the module has the checks ${names}, not ${expected}`);
  process.exit(1);
}
if (failed.length > 0) process.exit(1);
console.log(`${checks.length} checks passed where a pointer has 32 bits`);
