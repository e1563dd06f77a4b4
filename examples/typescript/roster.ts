// A coordinator's script with a generated client: uploads a roster, reads statistics and a ranking. `npm run roster`
// generates the client in sdk/ from openapi/openapi.json. Start `cargo run -- demo`, then run this folder with:
//
//     npm ci && MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… npm run roster

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { client } from "./sdk/client.gen.js";
import {
  countDeliverables,
  createImport,
  listDeliverables,
  rankWorkers,
  showImport,
  showVocabulary,
  undoImport,
} from "./sdk/sdk.gen.js";
import type { ImportStatus } from "./sdk/types.gen.js";

client.setConfig({ baseUrl: process.env.MUSUBI_URL ?? "", auth: () => process.env.MUSUBI_TOKEN, throwOnError: true });
const throwOnError = true as const;
const { sets: words } = (await showVocabulary({ throwOnError })).data;

// The file is the body, and its options are parameters.
const roster = new Blob(["ID,氏名,お住まいの区市町村,得意なスキル,同意日\n1,佐藤 陽子,新宿区,デザイン,2026-04-01\n"]);
const query = { kind: "workers", source: `example_${randomUUID().slice(0, 8)}`, file_name: "名簿.csv" } as const;
let job = (await createImport({ body: roster, query, throwOnError })).data;
const ended: ImportStatus[] = ["succeeded", "partial", "failed", "cancelled"];
while (!ended.includes(job.status)) {
  await sleep(100);
  job = (await showImport({ path: { id: job.id }, throwOnError })).data;
}
assert.equal(job.progress.created, 1);
console.log(`${job.file_name}: ${words.ImportStatus?.[job.status]?.en}, ${job.progress.created} created`);

// Codes have types, and words in both languages.
const statistics = (await countDeliverables({ query: { group_by: "status", include_demo: true }, throwOnError })).data;
for (const { status, total } of statistics.items) {
  assert.ok(status);
  console.log(`${total} ${words.DeliverableStatus?.[status]?.en}`);
}

// Open requests may have all their places taken: nobody is ranked for those.
const flyers = (await listDeliverables({ query: { type: "flyer", status: ["open"] }, throwOnError })).data.items;
const flyer = flyers.find(({ open_places }) => open_places.some(({ left }) => left > 0));
assert.ok(flyer);
const ranking = (await rankWorkers({ path: { id: flyer.id }, query: { limit: 3 }, throwOnError })).data;
console.log(flyer.title);
for (const { rank, worker, fit_ppm, components } of ranking.items) {
  // Inputs are a union: a member tells which component they belong to.
  const wishes = components.flatMap(({ inputs }) => ("wishes" in inputs ? inputs.wishes : []));
  const held = wishes.filter((wish) => wish.held_level !== null).map((wish) => wish.skill);
  console.log(`${rank}. ${worker.name}: ${(fit_ppm / 10_000).toFixed(1)} % (${held.join(", ")})`);
}
assert.ok(ranking.items.length > 0);

// Takes the roster back, so that you can run this again.
await undoImport({ path: { id: job.id }, throwOnError });
