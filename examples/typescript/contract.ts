// Checks what a partner app may rely on: both ways to send credentials, upserts that change nothing, quotas, secrets
// renewed without a pause, and no access to the records of others. `.ci/run` runs this against a demo.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { baseUrl, clientWith, environment, expectData, requestToken, type Worker } from "./musubi.js";

const admin = clientWith(environment("MUSUBI_TOKEN"));
const code = `contract_${randomUUID().slice(0, 8)}`;
const { partner, secret } = expectData(
  await admin.POST("/v1/partners", { body: { code, name: "応募アプリ" } }),
);
assert.ok(secret.client_secret);
const first = { client_id: partner.id, client_secret: secret.client_secret };

// --- tokens
const granted = expectData(await requestToken(first));
assert.equal(granted.token_type, "Bearer");
const basic = await fetch(`${baseUrl}/v1/oauth/token`, {
  method: "POST",
  headers: { Authorization: `Basic ${btoa(`${first.client_id}:${first.client_secret}`)}` },
  body: new URLSearchParams({ grant_type: "client_credentials", scope: "deliverables:read" }),
});
assert.equal(((await basic.json()) as { scope: string }).scope, "deliverables:read");
const app = clientWith(granted.access_token);
console.log("ok: gets tokens");

// --- deliverables
const open = expectData(await app.GET("/v1/deliverables", { params: { query: { limit: 200 } } }));
assert.ok(open.items.every((item) => item.status === "open" && item.shared_with_partners));
const deliverable = open.items[0];
assert.ok(deliverable);
const shown = await app.GET("/v1/deliverables/{id}", { params: { path: { id: deliverable.id } } });
assert.equal(shown.data?.title, deliverable.title);
console.log("ok: sees only open deliverables that are shared with partners");

// --- upserts
const profile: Worker = {
  external_id: "u-1",
  area: "131041",
  remote: true,
  roles: ["designer"],
  skills: [{ skill: "graphic_design", level: 4 }],
  consent: {
    given_on: "2026-04-01",
    given_at: "2026-04-01T12:00:00+09:00",
    text_version: "2026-04",
    purpose: "matching",
  },
};
const volunteer = expectData(await app.POST("/v1/workers", { body: profile }));
assert.equal(volunteer.source, `partner:${code}`);
const path = { source: `partner:${code}`, external_id: "u-1" };
const again = await app.PUT("/v1/workers/by-external-id/{source}/{external_id}", {
  params: { path },
  body: profile,
});
assert.equal(again.data?.version, volunteer.version);
console.log("ok: the same profile again changes nothing");

// --- applications
const matches = { params: { path: { id: volunteer.id } } };
const best = expectData(await app.GET("/v1/workers/{id}/matches", matches)).items[0];
assert.ok(best);
const bid = { deliverable_id: best.deliverable.id, worker_id: volunteer.id, role: best.role };
const apply = (key?: string) =>
  app.POST("/v1/applications", { body: bid, ...(key ? { headers: { "Idempotency-Key": key } } : {}) });
assert.equal((await apply()).response.status, 400, "partners have to send a key");
const sent = expectData(await apply(`${code}-1`));
assert.equal((await apply(`${code}-1`)).data?.id, sent.id);
const twice = await apply(`${code}-2`);
assert.equal(twice.error?.code, "already_applied");
assert.ok(Array.isArray(twice.error.similar_deliverables));
console.log("ok: applies once");

// --- quotas
const own = { params: { path: { id: partner.id } } };
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_day: 3 } });
const over = await app.GET("/v1/deliverables");
assert.equal(over.response.status, 429);
assert.equal(over.error?.code, "quota_exceeded");
assert.ok(Number(over.response.headers.get("Retry-After")) > 0);
assert.match(over.response.headers.get("RateLimit") ?? "", /"day";r=0;t=\d+/);
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_day: 50_000, quota_per_minute: 3 } });
// A new minute may begin during these calls, but not twice.
let hurried = await app.GET("/v1/deliverables");
for (let call = 0; call < 8 && hurried.response.status === 200; call += 1) {
  hurried = await app.GET("/v1/deliverables");
}
assert.equal(hurried.error?.code, "quota_exceeded");
assert.match(hurried.response.headers.get("RateLimit") ?? "", /"minute";r=0;t=\d+/);
assert.match(hurried.response.headers.get("RateLimit-Policy") ?? "", /"minute";q=3;w=60/);
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_minute: 300 } });
assert.equal((await app.GET("/v1/deliverables")).response.status, 200);
console.log("ok: is refused beyond its quota");

// --- secrets
const fresh = expectData(await admin.POST("/v1/partners/{id}/secrets", { ...own, body: {} }));
assert.ok(fresh.client_secret);
const second = { client_id: partner.id, client_secret: fresh.client_secret };
expectData(await requestToken(second));
await admin.DELETE("/v1/partners/{id}/secrets/{secret_id}", {
  params: { path: { id: partner.id, secret_id: secret.id } },
});
const refused = await requestToken(first);
assert.equal(refused.response.status, 401);
assert.ok(refused.error && "error" in refused.error && refused.error.error === "invalid_client");
expectData(await requestToken(second));
assert.equal((await app.GET("/v1/auth/me")).data?.role, "partner");
console.log("ok: renews its secret without a pause");

// --- records of others
const workers = expectData(await admin.GET("/v1/workers", { params: { query: { limit: 2 } } }));
const stranger = workers.items.find((item) => item.id !== volunteer.id);
assert.ok(stranger);
assert.equal((await app.GET("/v1/workers/{id}", { params: { path: { id: stranger.id } } })).response.status, 404);
assert.equal((await app.GET("/v1/users")).response.status, 403);
console.log("ok: sees no records of others");

// --- erasure
const gone = { params: { path: { id: volunteer.id } } };
assert.equal((await app.DELETE("/v1/workers/{id}", gone)).response.status, 204);
assert.equal((await app.GET("/v1/workers/{id}", gone)).response.status, 404);
console.log("ok: erases its volunteer");
