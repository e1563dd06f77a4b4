// A partner app, as its developer would write it: a typed client made from openapi/openapi.json registers a volunteer, ranks,
// applies, hears back, runs into its quota and has its secret renewed. Runs twice without harm.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const baseUrl = environment("MUSUBI_URL");
const code = `walk_${randomUUID().slice(0, 8)}`;
const say = (what: string) => console.log(`ok: ${what}`);

function clientWith(token: string) {
  const bearer: Middleware = {
    onRequest: ({ request }) => {
      request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  };
  const client = createClient<paths>({ baseUrl });
  client.use(bearer);
  return client;
}

const admin = clientWith(environment("MUSUBI_ADMIN_TOKEN"));
const anonymous = createClient<paths>({ baseUrl });

type Credentials = { client_id: string; client_secret: string };

async function tokenFor(credentials: Credentials) {
  return anonymous.POST("/v1/oauth/token", {
    body: { grant_type: "client_credentials", ...credentials },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    bodySerializer: (body) => new URLSearchParams(body as Record<string, string>),
  });
}

function present<T>(value: T | null | undefined, what: string): T {
  assert.ok(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

// --- registered by the secretariat
const registered = await admin.POST("/v1/partners", { body: { code, name: "応募アプリ" } });
const { partner, secret } = present(registered.data, "the partner");
const first: Credentials = { client_id: partner.id, client_secret: present(secret.client_secret, "the secret") };
say(`registered as ${code}`);

// --- a token, both ways that RFC 6749 has
const granted = present((await tokenFor(first)).data, "the token");
assert.equal(granted.token_type, "Bearer");
const basic = await fetch(`${baseUrl}/v1/oauth/token`, {
  method: "POST",
  headers: { Authorization: `Basic ${btoa(`${first.client_id}:${first.client_secret}`)}` },
  body: new URLSearchParams({ grant_type: "client_credentials", scope: "deliverables:read" }),
});
assert.equal(((await basic.json()) as { scope: string }).scope, "deliverables:read");
const app = clientWith(granted.access_token);
say("has a token");

// --- what is open
const open = present((await app.GET("/v1/deliverables", { params: { query: { limit: 200 } } })).data, "the list");
const listed = present(open.items[0], "an open deliverable");
assert.ok(open.items.every((one) => one.status === "open" && one.diffused));
const shown = await app.GET("/v1/deliverables/{id}", { params: { path: { id: listed.id } } });
assert.equal(shown.data?.title, listed.title);
say(`sees ${open.items.length} open deliverables`);

// --- its volunteer, with the consent that they gave
const profile: components["schemas"]["NewWorker"] = {
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
  consent: { given_on: "2026-04-01", given_at: "2026-04-01T12:00:00+09:00", text_version: "2026-04", purpose: "matching" },
};
const volunteer = present((await app.POST("/v1/workers", { body: profile })).data, "the volunteer");
assert.equal(volunteer.source, `partner:${code}`);
const path = { source: `partner:${code}`, external_id: "u-1" };
const again = await app.PUT("/v1/workers/by-external-id/{source}/{external_id}", { params: { path }, body: profile });
assert.equal(again.data?.version, volunteer.version, "the same again changes nothing");
say("registered a volunteer");

// --- ranked for them, and explained without remainder
const ranking = await app.GET("/v1/workers/{id}/matches", { params: { path: { id: volunteer.id } } });
const best = present(ranking.data?.items[0], "a match");
const contributions = best.components.reduce((sum, component) => sum + component.contribution_ppm, 0);
assert.equal(contributions, best.fit_ppm);
say(`best of ${ranking.data?.items.length}: ${best.deliverable.title} as ${best.role}`);

// --- applied for, once
const bid = {
  deliverable_id: best.deliverable.id,
  worker_id: volunteer.id,
  role: best.role,
  message: "よろしくお願いします。",
};
const apply = (key?: string) =>
  app.POST("/v1/applications", { body: bid, ...(key ? { headers: { "Idempotency-Key": key } } : {}) });
assert.equal((await apply()).response.status, 400, "a partner sends a key");
const sent = present((await apply(`${code}-1`)).data, "the application");
assert.equal((await apply(`${code}-1`)).data?.id, sent.id, "the first answer is the only one");
const twice = present((await apply(`${code}-2`)).error, "the refusal");
assert.equal(twice.code, "already_applied");
assert.ok(Array.isArray(twice.similar_deliverables));
say("applied, once");

// --- answered
const application = { params: { path: { id: sent.id } } };
await admin.PATCH("/v1/applications/{id}", {
  ...application,
  body: { status: "declined", reason: "another_chosen", note: "また次の機会にぜひ。" },
});
const answer = present((await app.GET("/v1/applications/{id}", application)).data, "the answer");
assert.deepEqual([answer.status, answer.reason, answer.note], ["declined", "another_chosen", "また次の機会にぜひ。"]);
say("heard back");

// --- beyond the quota
const own = { params: { path: { id: partner.id } } };
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_day: 3 } });
const over = await app.GET("/v1/deliverables");
assert.equal(over.response.status, 429);
assert.equal(over.error?.code, "quota_exceeded");
assert.ok(Number(over.response.headers.get("Retry-After")) > 0);
assert.match(over.response.headers.get("RateLimit") ?? "", /"day";r=0;t=\d+/);
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_day: 50_000, quota_per_minute: 3 } });
// A new minute may begin at any of these, but not at two of them.
let hurried = await app.GET("/v1/deliverables");
for (let call = 0; call < 8 && hurried.response.status === 200; call += 1) hurried = await app.GET("/v1/deliverables");
assert.equal(hurried.error?.code, "quota_exceeded");
assert.match(hurried.response.headers.get("RateLimit") ?? "", /"minute";r=0;t=\d+/);
assert.match(hurried.response.headers.get("RateLimit-Policy") ?? "", /"minute";q=3;w=60/);
await admin.PATCH("/v1/partners/{id}", { ...own, body: { quota_per_minute: 300 } });
assert.equal((await app.GET("/v1/deliverables")).response.status, 200);
say("was told that the quota is used up");

// --- the secret renewed, without a pause
const fresh = present((await admin.POST("/v1/partners/{id}/secrets", { ...own, body: {} })).data, "the new secret");
const second: Credentials = { client_id: partner.id, client_secret: present(fresh.client_secret, "the new secret") };
assert.ok((await tokenFor(second)).data);
await admin.DELETE("/v1/partners/{id}/secrets/{secret_id}", {
  params: { path: { id: partner.id, secret_id: secret.id } },
});
const refused = await tokenFor(first);
assert.equal(refused.response.status, 401);
assert.ok(refused.error && "error" in refused.error && refused.error.error === "invalid_client");
assert.ok((await tokenFor(second)).data);
assert.equal((await app.GET("/v1/auth/me")).data?.role, "partner");
say("renewed its secret");

// --- nothing of others
const others = present((await admin.GET("/v1/workers", { params: { query: { limit: 2 } } })).data, "the workers");
const stranger = present(others.items.find((one) => one.id !== volunteer.id), "a stranger");
assert.equal((await app.GET("/v1/workers/{id}", { params: { path: { id: stranger.id } } })).response.status, 404);
assert.equal((await app.GET("/v1/users")).response.status, 403);
say("sees nothing of others");

// --- and forgets
const gone = { params: { path: { id: volunteer.id } } };
assert.equal((await app.DELETE("/v1/workers/{id}", gone)).response.status, 204);
assert.equal((await app.GET("/v1/workers/{id}", gone)).response.status, 404);
say("erased its volunteer");
