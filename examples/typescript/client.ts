// A partner app: registers a volunteer, ranks open deliverables for them, explains the best one, applies, and reads
// the answer back. Start `cargo run -- demo`, then run this folder with:
//
//     npm ci && MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… npm start
//
// MUSUBI_TOKEN is the administrator's token that the demo prints.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { clientWith, environment, expectData, requestToken, type Worker } from "./musubi.js";

// The secretariat registers your app once and gives you its client id and secret.
const admin = clientWith(environment("MUSUBI_TOKEN"));
const code = `example_${randomUUID().slice(0, 8)}`;
const registration = expectData(await admin.POST("/v1/partners", { body: { code, name: "応募アプリ" } }));
const client_id = registration.partner.id;
const client_secret = registration.secret.client_secret;
assert.ok(client_secret, "a new secret is shown once");

// From here on your app works alone, with a token that lasts 15 minutes.
const app = clientWith(expectData(await requestToken({ client_id, client_secret })).access_token);

// Partner apps see the open deliverables that organizations share with partners.
const open = expectData(await app.GET("/v1/deliverables", { params: { query: { limit: 200 } } })).items;
console.log(`${open.length} open deliverables`);

// A volunteer is ranked only with a recorded consent. `external_id` is your own id for them.
const profile: Worker = {
  external_id: "u-1",
  area: "131041",
  remote: true,
  travel_limit_km: 30,
  roles: ["designer", "copywriter", "engineer"],
  skills: [
    { skill: "graphic_design", level: 4 },
    { skill: "copywriting", level: 4 },
  ],
  personal: { name: "佐藤 陽子", email: `${code}@example.jp`, email_verified: true, evidence: [] },
  consent: {
    given_on: "2026-04-01",
    given_at: "2026-04-01T12:00:00+09:00",
    text_version: "2026-04",
    purpose: "matching",
  },
};
const volunteer = expectData(await app.POST("/v1/workers", { body: profile }));

// Each item says why it is ranked there. The contributions add up to the fit exactly.
const worker = { params: { path: { id: volunteer.id } } };
const ranking = expectData(await app.GET("/v1/workers/{id}/matches", worker));
const best = ranking.items[0];
assert.ok(best, "nothing suits this volunteer");
console.log(`${best.rank}. ${best.deliverable.title} as ${best.role}: ${(best.fit_ppm / 10_000).toFixed(1)} %`);
for (const { name, contribution_ppm, because } of best.components) {
  console.log(`   ${(contribution_ppm / 10_000).toFixed(1).padStart(5)} ${name}: ${because}`);
}
assert.equal(
  best.components.reduce((sum, component) => sum + component.contribution_ppm, 0),
  best.fit_ppm,
);

// Send an Idempotency-Key with each application: if you send it again, you get the first answer back.
const application = {
  body: { deliverable_id: best.deliverable.id, worker_id: volunteer.id, role: best.role },
  headers: { "Idempotency-Key": `${code}-u-1` },
};
const sent = expectData(await app.POST("/v1/applications", application));
const repeated = expectData(await app.POST("/v1/applications", application));
assert.equal(repeated.id, sent.id);

// Meanwhile the organization answers; your app reads the answer when it asks again.
const path = { params: { path: { id: sent.id } } };
await admin.PATCH("/v1/applications/{id}", {
  ...path,
  body: { status: "declined", reason: "another_chosen", note: "また次の機会にぜひ。" },
});
const answer = expectData(await app.GET("/v1/applications/{id}", path));
assert.equal(answer.status, "declined");
console.log(`answer: ${answer.status}, ${answer.reason}: ${answer.note}`);

// Erases the volunteer's personal data, so that you can run this again.
await app.DELETE("/v1/workers/{id}", worker);
