// Writes FILE.br and FILE.gz beside each file of a folder, where that makes it smaller.
// Usage: node scripts/precompress.mjs FOLDER best|fast
//
// A copy younger than its original is left as it is. `fast` spares the big files (wasm) the slowest
// brotli level: for builds that only this machine loads.
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder, effort] = process.argv.slice(2);
const alreadyCompressed = /\.(br|gz|png|jpe?g|webp|avif|woff2?)$/;
const bigFile = 512 * 1024;

function brotli(content) {
  const quality = effort === "fast" && content.length > bigFile ? 5 : 11;
  return brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
}

const encodings = { br: brotli, gz: (content) => gzipSync(content, { level: 9 }) };

function isCurrent(copy, original) {
  const stat = statSync(copy, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs >= statSync(original).mtimeMs;
}

function precompress(file) {
  for (const [suffix, encode] of Object.entries(encodings)) {
    const copy = `${file}.${suffix}`;
    if (isCurrent(copy, file)) continue;
    const content = readFileSync(file);
    const encoded = encode(content);
    if (encoded.length >= content.length) {
      rmSync(copy, { force: true });
      continue;
    }
    writeFileSync(`${copy}.new`, encoded);
    renameSync(`${copy}.new`, copy);
  }
}

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (entry.isFile() && !alreadyCompressed.test(file)) precompress(file);
}
